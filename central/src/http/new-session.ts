import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { campusZone } from '../calendar/generate.js';
import type { Knex } from '../db/database.js';
import type { NewSession } from '../sessions/create-session.js';
import {
  courseOf,
  type SessionSpan,
  type SlotFacts,
  slotFacts,
  spanOfInstants,
} from '../sessions/seed-session.js';
import { aliased } from './aliases.js';
import type { createSessionBody } from './contracts/sessions.js';

type Body = z.output<typeof createSessionBody>;

/**
 * The class that a body asks for, whichever names it uses; a timetable slot gives what is left out.
 *
 * @throws RollcallError `REQUEST_INVALID` for what is missing, unknown or contradicts itself
 */
export async function newSessionOf(knex: Knex, body: Body): Promise<NewSession> {
  const slot = body.timetable_slot === undefined ? undefined : await slotFacts(knex, body.timetable_slot);
  const span = await spanOf(knex, body, slot);
  const sections = listOf(body, 'sections', 'course_section') ?? slot?.sections;
  const rooms = listOf(body, 'rooms', 'room') ?? slot?.rooms;
  const faculty = known('faculty', body.faculty ?? slot?.faculty);
  const [section, ...others] = known('sections', sections);
  const course = body.course ?? slot?.course ?? (await courseOf(knex, section as string, faculty));
  await refuseOtherPeriod(knex, body.academic_period, span.date);
  return {
    ...span,
    course,
    sections: [section as string, ...others],
    faculty,
    rooms: known('rooms', rooms),
    sessionType: body.session_type ?? slot?.sessionType ?? 'LECTURE',
    periodCount: body.period_count ?? slot?.periodCount ?? 1,
    origin: originOf(body),
    replacesSessionId: body.replaces_session_id,
    countsInDenominator: body.counts_in_denominator && !body.is_bonus,
    isBonus: body.is_bonus,
    isCoTaught: body.is_co_taught ?? slot?.isCoTaught ?? false,
    reason: body.reason,
    notes: body.notes,
  };
}

async function spanOf(knex: Knex, body: Body, slot: SlotFacts | undefined): Promise<SessionSpan> {
  const day = aliased(body, 'date', 'scheduled_date');
  const { start_datetime: start, end_datetime: end, start_time: startTime, end_time: endTime } = body;
  if (start === undefined && end === undefined) {
    return {
      date: known('date', day),
      startTime: known('start_time', startTime ?? slot?.startTime),
      endTime: known('end_time', endTime ?? slot?.endTime),
    };
  }
  const zone = await campusZone(knex);
  if (zone === undefined) {
    throw new RollcallError('REQUEST_INVALID', 'There is no campus yet; seed one first');
  }
  const span = spanOfInstants(known('start_datetime', start), known('end_datetime', end), zone);
  refuseContradiction('scheduled_date', day, span.date);
  refuseContradiction('start_time', startTime, span.startTime);
  refuseContradiction('end_time', endTime, span.endTime);
  return span;
}

function refuseContradiction(field: string, given: string | undefined, meant: string): void {
  if (given === undefined || given === meant) return;
  throw new RollcallError(
    'REQUEST_INVALID',
    `${field}: is ${given}, but start_datetime and end_datetime say ${meant} on campus`,
  );
}

/** The list, or the one thing that the seed names. */
function listOf<Many extends 'sections' | 'rooms', One extends 'course_section' | 'room'>(
  body: Body,
  many: Many,
  one: One,
): string[] | undefined {
  const [list, single] = [body[many], body[one]];
  if (single === undefined) return list;
  if (list === undefined || (list.length === 1 && list[0] === single)) return [single];
  throw new RollcallError('REQUEST_INVALID', `${one}: contradicts ${many}; leave one of them out`);
}

function originOf({ origin, makeup }: Body): NewSession['origin'] {
  if (makeup !== undefined && origin !== undefined && makeup !== (origin === 'makeup')) {
    throw new RollcallError('REQUEST_INVALID', `makeup: contradicts origin ${origin}; leave one of them out`);
  }
  return origin ?? (makeup === true ? 'makeup' : 'ad_hoc');
}

async function refuseOtherPeriod(knex: Knex, period: string | undefined, date: string): Promise<void> {
  if (period === undefined) return;
  const row = await knex('academic_period')
    .where({ id: period })
    .where('starts_on', '<=', date)
    .where('ends_on', '>=', date)
    .first('id');
  if (row !== undefined) return;
  throw new RollcallError('REQUEST_INVALID', `academic_period: ${period} does not have the day ${date}`);
}

function known<Value>(field: string, value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new RollcallError('REQUEST_INVALID', `${field}: is missing (in the body of the request)`);
}
