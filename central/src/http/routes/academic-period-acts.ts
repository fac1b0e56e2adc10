import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import { reachesAll } from '../../auth/scope.js';
import { carryTimetable } from '../../calendar/carry-timetable.js';
import {
  academicPeriodParams,
  carriedSchema,
  carryTimetableBody,
  generatePeriodBody,
} from '../contracts/academic-periods.js';
import { generatedSchema } from '../contracts/calendar.js';
import { API } from '../contracts/fields.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';
import { generateAsJob } from './generation.js';

export const generatePeriod = defineRoute(
  {
    method: 'post',
    path: `${API}/academic-periods/{id}/generate-sessions/`,
    operationId: 'generateSessionsOfPeriod',
    tag: 'Calendar',
    summary: 'As sessions/generate/ for the days of a period, or some of them',
    access: 'sessions.generate',
    params: academicPeriodParams,
    body: generatePeriodBody,
    reply: { schema: generatedSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'CONFIG_INVALID'],
  },
  async (input, context) => {
    const id = String(input.params['id']);
    const period = await context.db
      .knex('academic_period')
      .where({ id })
      .first<{ starts_on: string; ends_on: string } | undefined>('starts_on', 'ends_on');
    if (period === undefined) throw new RollcallError('NOT_FOUND', `There is no academic period ${id}`);
    const { start_date: from = period.starts_on, end_date: to = period.ends_on } = input.body;
    for (const [field, date] of [
      ['start_date', from],
      ['end_date', to],
    ] as const) {
      if (date >= period.starts_on && date <= period.ends_on) continue;
      throw new RollcallError(
        'REQUEST_INVALID',
        `${field}: ${date} is no day of the period, which is from ${period.starts_on} to ${period.ends_on}`,
      );
    }
    return { body: await generateAsJob(input, context, { from, to }) };
  },
);

export const generateSlots = defineRoute(
  {
    method: 'post',
    path: `${API}/academic-periods/{id}/generate-slots/`,
    operationId: 'generateTimetableSlotsOfPeriod',
    tag: 'Timetable',
    summary: 'Copies the last timetable of another period to this one; again it copies only what is missing',
    access: 'timetable.write',
    params: academicPeriodParams,
    body: carryTimetableBody,
    reply: { schema: carriedSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    const id = String(input.params['id']);
    if (!reachesAll(principal, 'timetable.write')) {
      throw new RollcallError(
        'FORBIDDEN',
        'The timetable of a whole period is the office’s; make slots one by one',
      );
    }
    const nowMs = clock.wallMs();
    const made = await writeAs(db.knex, input, async (trx) => {
      const carried = await carryTimetable(trx, {
        academicPeriodId: id,
        fromAcademicPeriodId: body.from_academic_period,
        nowMs,
      });
      await writeAudit(trx, [
        {
          at: new Date(nowMs),
          entityType: 'timetable_version',
          entityId: carried.versionId,
          action: 'copy_slots',
          performedBy: principal.accountId,
          after: {
            from: carried.from.versionId,
            academic_period: id,
            created: carried.created,
            clashes: carried.clashes.length,
          },
        },
      ]);
      return carried;
    });
    return {
      body: {
        timetable_version: made.versionId,
        from_academic_period: made.from.academicPeriodId,
        created: made.created,
        existing: made.existing,
        clashes: made.clashes.map(({ slot_id, kind, resource_id, other }) => ({
          slot: slot_id,
          kind,
          resource: resource_id,
          other,
        })),
      },
    };
  },
);
