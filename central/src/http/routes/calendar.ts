import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import {
  applyHoliday,
  type HolidayEffect,
  holidayEffect,
  withdrawHoliday,
} from '../../calendar/apply-holiday.js';
import { generateSessions } from '../../calendar/generate.js';
import { toHoliday } from '../../calendar/load-calendar.js';
import { isUniqueViolation } from '../../db/connection.js';
import type { Knex } from '../../db/database.js';
import { queueSession } from '../../sessions/record-change.js';
import { type Actor, transition } from '../../sessions/transition.js';
import { Conditions } from '../conditions.js';
import {
  calendarDayBody,
  calendarDaySchema,
  dateParams,
  effectSchema,
  generateBody,
  generatedSchema,
  type HolidayItem,
  holidayBody,
  holidayChangeSchema,
  holidaySchema,
  holidaysQuery,
  restoredSchema,
  undoneSchema,
} from '../contracts/calendar.js';
import { API, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Calendar';
export const IF_MATCH = {
  'If-Match': 'The ETag you read; if the holiday has changed since, the answer is STALE',
} as const;

export interface HolidayRow {
  id: string;
  name: string;
  date: string;
  is_full_day: boolean;
  start_time: string | null;
  end_time: string | null;
  description: string;
  affects_attendance: boolean;
  scope_year_of_study: number | null;
  scope_department_id: string | null;
  scope_section_id: string | null;
  version: number;
}

export function toItem(row: HolidayRow): HolidayItem {
  return {
    id: row.id,
    name: row.name,
    date: row.date,
    is_full_day: row.is_full_day,
    start_time: row.start_time?.slice(0, 5) ?? null,
    end_time: row.end_time?.slice(0, 5) ?? null,
    description: row.description,
    affects_attendance: row.affects_attendance,
    scope: {
      year_of_study: row.scope_year_of_study,
      department: row.scope_department_id,
      section: row.scope_section_id,
    },
    version: row.version,
  };
}

export const manual = (accountId: string | null): Actor => ({ performedBy: accountId, source: 'manual' });
export const toEffect = ({ cancelled, notHeld, flagged, partly }: HolidayEffect) => ({
  cancelled,
  not_held: notHeld,
  flagged,
  partly,
});

export const listHolidays = defineRoute(
  {
    method: 'get',
    path: `${API}/holidays/`,
    operationId: 'listHolidays',
    tag: TAG,
    summary: 'Holidays by date',
    access: 'calendar.read',
    query: holidaysQuery,
    reply: { schema: pageOf(holidaySchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions();
    if (query.start_date !== undefined) conditions.add('date >= ?', query.start_date);
    if (query.end_date !== undefined) conditions.add('date <= ?', query.end_date);
    const position = decodeCursor(query.cursor, [shortText, uuidText]);
    if (position !== undefined) conditions.add('(date, id) > (?::date, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: HolidayRow[] }>(
      `SELECT * FROM attendance_holiday WHERE ${conditions.where} ORDER BY date, id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.date, row.id] }) };
  },
);

const holidayContract = (method: 'post', path: string, operationId: string, summary: string) =>
  ({
    method,
    path,
    operationId,
    tag: TAG,
    summary,
    access: 'calendar.write',
    body: holidayBody,
  }) as const;

export const createHoliday = defineRoute(
  {
    ...holidayContract(
      'post',
      `${API}/holidays/`,
      'createHoliday',
      'Declares a holiday: classes of its day that have ended stay held, open ones were not held, later ones are cancelled',
    ),
    status: 201,
    reply: { schema: holidayChangeSchema },
    errors: ['ALREADY_EXISTS', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const nowMs = clock.wallMs();
    return {
      body: await writeAs(db.knex, input, async (trx) => {
        const row = await insertHoliday(trx, input, nowMs);
        const effect = row.affects_attendance
          ? await applyHoliday(trx, {
              holiday: toHoliday(row),
              nowMs,
              keep: input.body.keep,
              actor: manual(input.principal.accountId),
            })
          : { cancelled: [], notHeld: [], flagged: [], partly: [] };
        return { holiday: toItem(row), effect: toEffect(effect) };
      }),
    };
  },
);

export const previewHoliday = defineRoute(
  {
    ...holidayContract(
      'post',
      `${API}/holidays/preview/`,
      'previewHoliday',
      'What declaring it would do to the class sessions of its day; changes nothing',
    ),
    reply: { schema: effectSchema },
  },
  async (input, { db, clock }) => {
    const nowMs = clock.wallMs();
    const undo = new Error('only a preview');
    let effect: HolidayEffect | undefined;
    await db.knex
      .transaction(async (trx) => {
        const row = await insertHoliday(trx, input, nowMs);
        effect = await holidayEffect(trx, { holiday: toHoliday(row), nowMs, keep: input.body.keep });
        throw undo;
      })
      .catch((error: unknown) => {
        if (error !== undo) throw error;
      });
    return { body: toEffect(effect ?? { cancelled: [], notHeld: [], flagged: [], partly: [] }) };
  },
);

export const deleteHoliday = defineRoute(
  {
    method: 'delete',
    path: `${API}/holidays/{id}/`,
    operationId: 'deleteHoliday',
    tag: TAG,
    summary: 'Withdraws a holiday; the classes that it cancelled come back with the ids that they had',
    access: 'calendar.write',
    params: uuidParams,
    headers: IF_MATCH,
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
      const ids = await trx('attendance_session')
        .where({ holiday_id: row.id, status: 'cancelled' })
        .pluck<string[]>('id');
      await withdrawHoliday(trx, { holiday, nowMs, actor: manual(principal.accountId) });
      await trx('attendance_holiday').where({ id: row.id }).delete();
      for (const id of ids) await queueSession(trx, id);
      return ids;
    });
    return { body: { restored } };
  },
);

export async function holdHoliday(trx: Knex, id: string): Promise<HolidayRow> {
  const row = await trx('attendance_holiday').where({ id }).forUpdate().first<HolidayRow | undefined>();
  if (row === undefined) throw unknownHoliday(id);
  return row;
}

export const unknownHoliday = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no holiday ${id}`);

interface HolidayInput {
  body: z.output<typeof holidayBody>;
  principal: Principal;
}

async function insertHoliday(
  trx: Knex,
  { body, principal }: HolidayInput,
  nowMs: number,
): Promise<HolidayRow> {
  const campus = await trx('campus').orderBy('id').first<{ id: string } | undefined>('id');
  if (campus === undefined)
    throw new RollcallError('REQUEST_INVALID', 'There is no campus yet; seed one first');
  await refuseUnknownScope(trx, body.scope);
  const [row] = (await trx('attendance_holiday')
    .insert({
      campus_id: campus.id,
      name: body.name,
      date: body.date,
      is_full_day: body.start_time === undefined,
      start_time: body.start_time ?? null,
      end_time: body.end_time ?? null,
      description: body.description,
      affects_attendance: body.affects_attendance,
      scope_year_of_study: body.scope.year_of_study ?? null,
      scope_department_id: body.scope.department ?? null,
      scope_section_id: body.scope.section ?? null,
      declared_at: new Date(nowMs),
      updated_at: new Date(nowMs),
    })
    .returning('*')
    .catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error;
      throw new RollcallError('ALREADY_EXISTS', `${body.date} has the holiday "${body.name}" already`, {
        cause: error,
      });
    })) as HolidayRow[];
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'attendance_holiday',
      entityId: (row as HolidayRow).id,
      action: 'create',
      performedBy: principal.accountId,
      after: toItem(row as HolidayRow),
    },
  ]);
  return row as HolidayRow;
}

async function refuseUnknownScope(
  trx: Knex,
  scope: { department?: string | undefined; section?: string | undefined },
): Promise<void> {
  for (const [field, table] of [
    ['department', 'department'],
    ['section', 'section'],
  ] as const) {
    const id = scope[field];
    if (id === undefined || (await trx(table).where({ id }).first('id')) !== undefined) continue;
    throw new RollcallError('REQUEST_INVALID', `scope.${field}: there is no ${table} ${id}`);
  }
}

export const putCalendarDay = defineRoute(
  {
    method: 'put',
    path: `${API}/calendar-days/{date}/`,
    operationId: 'putCalendarDay',
    tag: TAG,
    summary: 'A day that is not simply its weekday: a Saturday that follows Monday, a day order, an exam day',
    access: 'calendar.write',
    params: dateParams,
    body: calendarDayBody,
    reply: { schema: calendarDaySchema },
    errors: ['FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal } = input;
    const now = new Date(clock.wallMs());
    await writeAs(db.knex, input, async (trx) => {
      const campus = await trx('campus').orderBy('id').first<{ id: string } | undefined>('id');
      if (campus === undefined)
        throw new RollcallError('REQUEST_INVALID', 'There is no campus yet; seed one first');
      const row = { campus_id: campus.id, date: params.date, ...body, updated_at: now };
      const before = await trx('calendar_day')
        .where({ campus_id: campus.id, date: params.date })
        .forUpdate()
        .first('kind', 'follows_weekday', 'day_order', 'note');
      await trx('calendar_day')
        .insert(row)
        .onConflict(['campus_id', 'date'])
        .merge({ ...body, updated_at: now, version: trx.raw('calendar_day.version + 1') });
      await writeAudit(trx, [
        {
          at: now,
          entityType: 'calendar_day',
          entityId: params.date,
          action: 'put',
          performedBy: principal.accountId,
          before: before ?? null,
          after: body,
        },
      ]);
    });
    return { body: { date: params.date, ...body } };
  },
);

export const generate = defineRoute(
  {
    method: 'post',
    path: `${API}/sessions/generate/`,
    operationId: 'generateSessions',
    tag: TAG,
    summary:
      'Makes the class sessions of the timetable for a range of dates; again it makes only what is missing, and says what the calendar leaves out',
    access: 'sessions.generate',
    body: generateBody,
    reply: { schema: generatedSchema },
    errors: ['FORBIDDEN', 'CONFIG_INVALID'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    const nowMs = clock.wallMs();
    const { jobId, made } = await writeAs(db.knex, input, async (trx) => {
      const [job] = (await trx('session_batch_job')
        .insert({
          kind: 'generate',
          request: JSON.stringify(body),
          performed_by: principal.accountId,
          performed_at: new Date(nowMs),
        })
        .returning('id')) as { id: string }[];
      const id = (job as { id: string }).id;
      const result = await generateSessions(trx, {
        from: body.start_date,
        to: body.end_date,
        nowMs,
        batchJobId: id,
        ...(principal.accountId === null ? {} : { performedBy: principal.accountId }),
      });
      return { jobId: id, made: result };
    });
    return {
      body: {
        job_id: jobId,
        created: made.created,
        existing: made.existing,
        left_out: made.leftOut.map(({ slotId, date, reason, name }) => ({
          slot: slotId,
          date,
          reason,
          name,
        })),
        clashes: made.clashes.map(({ sessionId, kind, resourceId, other }) => ({
          session_id: sessionId,
          kind,
          resource: resourceId,
          other,
        })),
      },
    };
  },
);

export const undoGenerate = defineRoute(
  {
    method: 'post',
    path: `${API}/session-jobs/{id}/undo/`,
    operationId: 'undoSessionJob',
    tag: TAG,
    summary: 'Cancels every class session of one generation that has not begun and was not changed since',
    access: 'sessions.generate',
    params: uuidParams,
    reply: { schema: undoneSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN'],
  },
  async (input, { db, clock }) => {
    const { params, principal } = input;
    const nowMs = clock.wallMs();
    const result = await writeAs(db.knex, input, async (trx) => {
      const job = await trx('session_batch_job').where({ id: params.id }).forUpdate().first('id');
      if (job === undefined) throw new RollcallError('NOT_FOUND', `There is no job ${params.id}`);
      let cancelled = 0;
      for (;;) {
        const ids = await transition(trx, {
          action: 'cancel',
          where: "s.batch_job_id = ?::uuid AND s.status = 'scheduled' AND NOT s.is_hand_changed",
          bindings: [params.id],
          nowMs,
          actor: manual(principal.accountId),
          reason: 'its generation was undone',
        });
        if (ids.length === 0) break;
        await trx('session_occupancy').whereIn('session_id', ids).delete();
        await trx('attendance_session').whereIn('id', ids).update({ status_reason: 'GENERATION_UNDONE' });
        cancelled += ids.length;
      }
      await trx('session_batch_job')
        .where({ id: params.id })
        .update({ undone_at: new Date(nowMs) });
      const [left] = (await trx('attendance_session')
        .where({ batch_job_id: params.id })
        .whereNot({ status: 'cancelled' })
        .count('* as n')) as { n: number }[];
      return { cancelled, kept: left?.n ?? 0 };
    });
    return { body: result };
  },
);
