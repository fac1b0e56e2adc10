import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import { applyDay, type DayEffect } from '../../calendar/change-day.js';
import type { CalendarDay } from '../../calendar/day-rules.js';
import type { Knex } from '../../db/database.js';
import { byHand } from '../by-hand.js';
import { campusId } from '../campus-id.js';
import { Conditions } from '../conditions.js';
import {
  type CalendarDayItem,
  calendarDayBody,
  calendarDayChangeSchema,
  calendarDaySchema,
  calendarDaysQuery,
  dateParams,
  dayEffectSchema,
} from '../contracts/calendar.js';
import { API } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf } from '../cursor.js';
import { etagOf, refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { type Writer, writeAs } from '../write-as.js';

const TAG = 'Calendar';
const PATH = `${API}/calendar-days/{date}/`;
const IF_MATCH = {
  'If-Match': 'The ETag you read; if the day has changed since, the answer is STALE',
} as const;

interface DayRow extends CalendarDayItem {
  campus_id: string;
}

const toItem = ({ date, kind, follows_weekday, day_order, note, version }: DayRow): CalendarDayItem => ({
  date,
  kind,
  follows_weekday,
  day_order,
  note,
  version,
});

const toEffect = ({ cancelled, notHeld, restored }: DayEffect) => ({
  cancelled,
  not_held: notHeld,
  restored,
});

export const listCalendarDays = defineRoute(
  {
    method: 'get',
    path: `${API}/calendar-days/`,
    operationId: 'listCalendarDays',
    tag: TAG,
    summary: 'Days that are not simply their weekday, by date',
    access: 'calendar.read',
    query: calendarDaysQuery,
    reply: { schema: pageOf(calendarDaySchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions().equal('kind', query.kind);
    if (query.start_date !== undefined) conditions.add('date >= ?', query.start_date);
    if (query.end_date !== undefined) conditions.add('date <= ?', query.end_date);
    const position = decodeCursor(query.cursor, [dateParams.shape.date]);
    if (position !== undefined) conditions.add('date > ?::date', ...position);
    const { rows } = await db.knex.raw<{ rows: DayRow[] }>(
      `SELECT * FROM calendar_day WHERE ${conditions.where} ORDER BY date LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toItem, position: (row) => [row.date] }) };
  },
);

export const readCalendarDay = defineRoute(
  {
    method: 'get',
    path: PATH,
    operationId: 'readCalendarDay',
    tag: TAG,
    summary: 'One day of the calendar; its version is the ETag',
    access: 'calendar.read',
    params: dateParams,
    reply: { schema: calendarDaySchema },
    errors: ['NOT_FOUND'],
  },
  async ({ params }, { db }) => {
    const row = await db.knex('calendar_day').where({ date: params.date }).first<DayRow | undefined>();
    if (row === undefined) throw unknownDay(params.date);
    return { body: toItem(row), headers: { ETag: etagOf(row.version) } };
  },
);

export const putCalendarDay = defineRoute(
  {
    method: 'put',
    path: PATH,
    operationId: 'putCalendarDay',
    tag: TAG,
    summary:
      'A day that is not simply its weekday: a Saturday that follows Monday, a day order, an exam day, none at all; classes that exist already are cancelled or come back accordingly',
    access: 'calendar.write',
    params: dateParams,
    body: calendarDayBody,
    headers: IF_MATCH,
    reply: { schema: calendarDayChangeSchema },
    errors: ['FORBIDDEN', 'STALE'],
  },
  async (input, { db, clock }) => {
    const { params, request } = input;
    const { version, ...body } = input.body;
    const nowMs = clock.wallMs();
    const { row, effect } = await writeAs(db.knex, input, async (trx) => {
      const { campus, before } = await holdDay(trx, params.date);
      refuseStale(before?.version ?? 0, request.headers['if-match'], version);
      const [stored] = (await trx('calendar_day')
        .insert({ campus_id: campus, date: params.date, ...body, updated_at: new Date(nowMs) })
        .onConflict(['campus_id', 'date'])
        .merge({ ...body, updated_at: new Date(nowMs), version: trx.raw('calendar_day.version + 1') })
        .returning('*')) as DayRow[];
      const made = await applyDay(trx, dayChange(input, before, nowMs));
      await auditDay(trx, input, { action: 'put', before, after: stored, effect: made, nowMs });
      return { row: stored as DayRow, effect: made };
    });
    return {
      body: { ...toItem(row), effect: toEffect(effect) },
      headers: { ETag: etagOf(row.version) },
    };
  },
);

export const deleteCalendarDay = defineRoute(
  {
    method: 'delete',
    path: PATH,
    operationId: 'deleteCalendarDay',
    tag: TAG,
    summary:
      'The day is its weekday again: the classes that it cancelled come back with the ids that they had, unless something else stands in their way',
    access: 'calendar.write',
    params: dateParams,
    headers: IF_MATCH,
    reply: { schema: dayEffectSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE'],
  },
  async (input, { db, clock }) => {
    const { params, request } = input;
    const nowMs = clock.wallMs();
    const effect = await writeAs(db.knex, input, async (trx) => {
      const { campus, before } = await holdDay(trx, params.date);
      if (before === undefined) throw unknownDay(params.date);
      refuseStale(before.version, request.headers['if-match'], undefined);
      await trx('calendar_day').where({ campus_id: campus, date: params.date }).delete();
      const made = await applyDay(trx, dayChange(input, before, nowMs));
      await auditDay(trx, input, { action: 'delete', before, after: undefined, effect: made, nowMs });
      return made;
    });
    return { body: toEffect(effect) };
  },
);

const unknownDay = (date: string): RollcallError =>
  new RollcallError('NOT_FOUND', `The calendar says nothing of ${date}: it is its weekday`);

/** One at a time for the whole campus: a day that is not there yet cannot be held. */
async function holdDay(trx: Knex, date: string): Promise<{ campus: string; before: DayRow | undefined }> {
  const campus = await campusId(trx);
  await trx('campus').where({ id: campus }).forNoKeyUpdate().first('id');
  const before = await trx('calendar_day')
    .where({ campus_id: campus, date })
    .forUpdate()
    .first<DayRow | undefined>();
  return { campus, before };
}

type DayWriter = Writer & { params: { date: string } };

const dayChange = ({ params, principal }: DayWriter, before: DayRow | undefined, nowMs: number) => ({
  date: params.date,
  before: before === undefined ? undefined : toDay(before),
  nowMs,
  actor: byHand(principal),
});

const toDay = ({ date, kind, follows_weekday, day_order }: DayRow): CalendarDay => ({
  date,
  kind,
  followsWeekday: follows_weekday,
  dayOrder: day_order,
});

interface AuditedDay {
  action: 'put' | 'delete';
  before: DayRow | undefined;
  after: DayRow | undefined;
  effect: DayEffect;
  nowMs: number;
}

async function auditDay(
  trx: Knex,
  { params, principal }: DayWriter,
  { action, before, after, effect, nowMs }: AuditedDay,
): Promise<void> {
  const { cancelled, notHeld, restored } = effect;
  await writeAudit(trx, [
    {
      at: new Date(nowMs),
      entityType: 'calendar_day',
      entityId: params.date,
      action,
      performedBy: principal.accountId,
      before: before === undefined ? null : toItem(before),
      after:
        after === undefined
          ? null
          : {
              ...toItem(after),
              classes: { cancelled: cancelled.length, not_held: notHeld.length, restored: restored.length },
            },
    },
  ]);
}
