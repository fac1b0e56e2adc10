import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import { applyHoliday, type HolidayEffect, holidayEffect } from '../../calendar/apply-holiday.js';
import { toHoliday } from '../../calendar/load-calendar.js';
import { isUniqueViolation } from '../../db/connection.js';
import type { Knex } from '../../db/database.js';
import { byHand } from '../by-hand.js';
import { campusId } from '../campus-id.js';
import { Conditions } from '../conditions.js';
import {
  effectSchema,
  holidayBody,
  holidayChangeSchema,
  holidaySchema,
  holidaysQuery,
} from '../contracts/calendar.js';
import { API, uuidParams } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText, uuidText } from '../cursor.js';
import { etagOf } from '../etag.js';
import { defineRoute } from '../route.js';
import { type HolidayRow, NO_EFFECT, toEffect, toItem } from '../views/holiday-view.js';
import { writeAs } from '../write-as.js';

const TAG = 'Calendar';

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
              actor: byHand(input.principal),
            })
          : NO_EFFECT;
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
    return { body: toEffect(effect ?? NO_EFFECT) };
  },
);

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
  const campus = await campusId(trx);
  await refuseUnknownScope(trx, body.scope);
  const [row] = (await trx('attendance_holiday')
    .insert({
      campus_id: campus,
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

/** @throws RollcallError `REQUEST_INVALID` naming the part that does not exist */
export async function refuseUnknownScope(
  trx: Knex,
  scope: { department?: string | null | undefined; section?: string | null | undefined },
): Promise<void> {
  for (const [field, table] of [
    ['department', 'department'],
    ['section', 'section'],
  ] as const) {
    const id = scope[field];
    if (id == null || (await trx(table).where({ id }).first('id')) !== undefined) continue;
    throw new RollcallError('REQUEST_INVALID', `scope.${field}: there is no ${table} ${id}`);
  }
}
