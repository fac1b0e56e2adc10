import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { writeAudit } from '../../audit/write-audit.js';
import { applyHoliday, type HolidayEffect, withdrawHoliday } from '../../calendar/apply-holiday.js';
import { toHoliday } from '../../calendar/load-calendar.js';
import { isUniqueViolation } from '../../db/connection.js';
import type { Knex } from '../../db/database.js';
import { queueSession } from '../../sessions/record-change.js';
import type { Actor } from '../../sessions/transition.js';
import { holidayChangeBody, holidayChangeSchema, holidaySchema } from '../contracts/calendar.js';
import { API, uuidParams } from '../contracts/fields.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';
import {
  type HolidayRow,
  holdHoliday,
  IF_MATCH,
  manual,
  toEffect,
  toItem,
  unknownHoliday,
} from './calendar.js';

const TAG = 'Calendar';
const NO_EFFECT: HolidayEffect = { cancelled: [], notHeld: [], flagged: [], partly: [] };

export const readHoliday = defineRoute(
  {
    method: 'get',
    path: `${API}/holidays/{id}/`,
    operationId: 'readHoliday',
    tag: TAG,
    summary: 'One holiday; its version is the ETag',
    access: 'calendar.read',
    params: uuidParams,
    reply: { schema: holidaySchema },
    errors: ['NOT_FOUND'],
  },
  async ({ params }, { db }) => {
    const row = await db.knex('attendance_holiday').where({ id: params.id }).first<HolidayRow | undefined>();
    if (row === undefined) throw unknownHoliday(params.id);
    return { body: toItem(row), headers: { ETag: etagOf(row.version) } };
  },
);

export const updateHoliday = defineRoute(
  {
    method: 'patch',
    path: `${API}/holidays/{id}/`,
    operationId: 'updateHoliday',
    tag: TAG,
    summary:
      'Changes a holiday: classes that it took come back, and those that it takes now are cancelled or not held',
    access: 'calendar.write',
    params: uuidParams,
    body: holidayChangeBody,
    headers: IF_MATCH,
    reply: { schema: holidayChangeSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'ALREADY_EXISTS'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal, request } = input;
    const nowMs = clock.wallMs();
    const actor = manual(principal.accountId);
    const { row, effect } = await writeAs(db.knex, input, async (trx) => {
      const old = await holdHoliday(trx, params.id);
      refuseStale(old.version, request.headers['if-match'], body.version);
      const wanted = changed(old, body);
      const isMoved = EFFECTIVE.some((column) => wanted[column] !== old[column]);
      if (isMoved && old.affects_attendance) await giveBack(trx, old, { nowMs, actor });
      const next = await store(trx, wanted, nowMs);
      await writeAudit(trx, [
        {
          at: new Date(nowMs),
          entityType: 'attendance_holiday',
          entityId: next.id,
          action: 'update',
          performedBy: principal.accountId,
          before: toItem(old),
          after: toItem(next),
        },
      ]);
      const isApplied = isMoved && next.affects_attendance;
      return {
        row: next,
        effect: isApplied ? await applyHoliday(trx, { holiday: toHoliday(next), nowMs, actor }) : NO_EFFECT,
      };
    });
    return {
      body: { holiday: toItem(row), effect: toEffect(effect) },
      headers: { ETag: etagOf(row.version) },
    };
  },
);

/** What decides which classes a holiday takes. */
const EFFECTIVE = ['date', 'start_time', 'end_time', 'affects_attendance'] as const;

/** @throws RollcallError `REQUEST_INVALID` for half a half-day */
function changed(old: HolidayRow, body: z.output<typeof holidayChangeBody>): HolidayRow {
  const start = body.start_time === undefined ? old.start_time : withSeconds(body.start_time);
  const end = body.end_time === undefined ? old.end_time : withSeconds(body.end_time);
  if ((start === null) !== (end === null) || (start !== null && end !== null && start >= end)) {
    throw new RollcallError('REQUEST_INVALID', 'end_time: must come with start_time, and be after it');
  }
  return {
    ...old,
    name: body.name ?? old.name,
    date: body.date ?? old.date,
    is_full_day: start === null,
    start_time: start,
    end_time: end,
    description: body.description ?? old.description,
    affects_attendance: body.affects_attendance ?? old.affects_attendance,
  };
}

/** As the database writes it. */
const withSeconds = (time: string | null): string | null => (time === null ? null : `${time}:00`);

async function giveBack(
  trx: Knex,
  old: HolidayRow,
  { nowMs, actor }: { nowMs: number; actor: Actor },
): Promise<void> {
  const ids = await withdrawHoliday(trx, { holiday: toHoliday(old), nowMs, actor });
  for (const id of ids) await queueSession(trx, id);
}

async function store(trx: Knex, row: HolidayRow, nowMs: number): Promise<HolidayRow> {
  const { id, name, date, is_full_day, start_time, end_time, description, affects_attendance } = row;
  const [stored] = (await trx('attendance_holiday')
    .where({ id })
    .update({
      name,
      date,
      is_full_day,
      start_time,
      end_time,
      description,
      affects_attendance,
      version: trx.raw('version + 1'),
      updated_at: new Date(nowMs),
    })
    .returning('*')
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new RollcallError('ALREADY_EXISTS', `${date} has the holiday "${name}" already`, {
        cause: error,
      });
    })) as HolidayRow[];
  return stored as HolidayRow;
}
