import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { writeAudit } from '../../audit/write-audit.js';
import { applyHoliday, withdrawHoliday } from '../../calendar/apply-holiday.js';
import { holdCalendarAlone } from '../../calendar/hold-calendar.js';
import { toHoliday } from '../../calendar/load-calendar.js';
import { isUniqueViolation } from '../../db/connection.js';
import type { Knex } from '../../db/database.js';
import { byHand } from '../by-hand.js';
import { holidayChangeBody, holidayChangeSchema, restoredSchema } from '../contracts/calendar.js';
import { API, uuidParams } from '../contracts/fields.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { type HolidayRow, NO_EFFECT, toEffect, toItem } from '../views/holiday-view.js';
import { writeAs } from '../write-as.js';
import { refuseUnknownScope, unknownHoliday } from './holidays.js';

const TAG = 'Calendar';
const HOLIDAY_IF_MATCH = {
  'If-Match': 'The ETag you read; if the holiday has changed since, the answer is STALE',
} as const;

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
    headers: HOLIDAY_IF_MATCH,
    reply: { schema: holidayChangeSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE', 'ALREADY_EXISTS'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal, request } = input;
    const nowMs = clock.wallMs();
    const actor = byHand(principal);
    const { row, effect } = await writeAs(db.knex, input, async (trx) => {
      const old = await holdHoliday(trx, params.id);
      refuseStale(old.version, request.headers['if-match'], body.version);
      const wanted = changed(old, body);
      if (body.scope !== undefined) await refuseUnknownScope(trx, body.scope);
      const isMoved = EFFECTIVE.some((column) => wanted[column] !== old[column]);
      if (isMoved && old.affects_attendance)
        await withdrawHoliday(trx, { holiday: toHoliday(old), nowMs, actor });
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
const EFFECTIVE = [
  'date',
  'start_time',
  'end_time',
  'affects_attendance',
  'scope_year_of_study',
  'scope_department_id',
  'scope_section_id',
] as const;

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
    ...(body.scope === undefined ? {} : scopeColumns(body.scope)),
  };
}

/** Written anew as a whole: what it does not name is meant for everybody. */
const scopeColumns = (scope: NonNullable<z.output<typeof holidayChangeBody>['scope']>) => ({
  scope_year_of_study: scope.year_of_study ?? null,
  scope_department_id: scope.department ?? null,
  scope_section_id: scope.section ?? null,
});

/** As the database writes it. */
const withSeconds = (time: string | null): string | null => (time === null ? null : `${time}:00`);

async function store(trx: Knex, row: HolidayRow, nowMs: number): Promise<HolidayRow> {
  const { id, version: _version, ...columns } = row;
  const [stored] = (await trx('attendance_holiday')
    .where({ id })
    .update({ ...columns, version: trx.raw('version + 1'), updated_at: new Date(nowMs) })
    .returning('*')
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new RollcallError('ALREADY_EXISTS', `${row.date} has the holiday "${row.name}" already`, {
        cause: error,
      });
    })) as HolidayRow[];
  return stored as HolidayRow;
}

export const deleteHoliday = defineRoute(
  {
    method: 'delete',
    path: `${API}/holidays/{id}/`,
    operationId: 'deleteHoliday',
    tag: TAG,
    summary:
      'Withdraws a holiday; the classes that it cancelled come back with the ids that they had, unless something else stands in their way',
    access: 'calendar.write',
    params: uuidParams,
    headers: HOLIDAY_IF_MATCH,
    reply: { schema: restoredSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE'],
  },
  async (input, { db, clock }) => {
    const { params, principal } = input;
    const nowMs = clock.wallMs();
    const restored = await writeAs(db.knex, input, async (trx) => {
      const row = await holdHoliday(trx, params.id);
      refuseStale(row.version, input.request.headers['if-match'], undefined);
      await writeAudit(trx, [
        {
          at: new Date(nowMs),
          entityType: 'attendance_holiday',
          entityId: row.id,
          action: 'delete',
          performedBy: principal.accountId,
          before: toItem(row),
        },
      ]);
      const holiday = toHoliday(row);
      const ids = await withdrawHoliday(trx, { holiday, nowMs, actor: byHand(principal) });
      await trx('attendance_holiday').where({ id: row.id }).delete();
      return ids;
    });
    return { body: { restored } };
  },
);

async function holdHoliday(trx: Knex, id: string): Promise<HolidayRow> {
  // Whoever declares one holds this before the classes of the day: in the same order, so that nobody waits for the other.
  await holdCalendarAlone(trx);
  const row = await trx('attendance_holiday').where({ id }).forUpdate().first<HolidayRow | undefined>();
  if (row === undefined) throw unknownHoliday(id);
  return row;
}
