import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import type { Principal } from '../../auth/principal.js';
import { reachesAll, requireWithin } from '../../auth/scope.js';
import { occupySlot } from '../../calendar/occupy-slot.js';
import { replaceVersion, type VersionChange } from '../../calendar/replace-version.js';
import { isUniqueViolation } from '../../db/connection.js';
import type { Knex } from '../../db/database.js';
import { Conditions } from '../conditions.js';
import { emptySchema } from '../contracts/auth.js';
import {
  slotBody,
  slotParams,
  slotSchema,
  slotsQuery,
  versionBody,
  versionChangeSchema,
  versionSchema,
} from '../contracts/calendar.js';
import { API } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, shortText } from '../cursor.js';
import { refuseStale } from '../etag.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Timetable';
export const IF_MATCH = {
  'If-Match': 'The ETag you read; if the slot has changed since, the answer is STALE',
} as const;

export interface SlotRow {
  id: string;
  timetable_version_id: string;
  academic_period_id: string;
  course_code: string;
  faculty_code: string;
  section_id: string;
  section_name: string;
  more_sections: string[];
  room_id: string;
  more_rooms: string[];
  day_of_week: number;
  day_order: number | null;
  start_time: string;
  end_time: string;
  slot_type: 'LECTURE' | 'LAB' | 'TUTORIAL' | 'SEMINAR';
  period_count: number;
  is_co_taught: boolean;
  is_active: boolean;
  version: number;
}

export const SLOT_SQL = `SELECT t.*, g.name AS section_name,
    ARRAY(SELECT x.section_id FROM timetable_slot_section x WHERE x.slot_id = t.id ORDER BY 1) AS more_sections,
    ARRAY(SELECT x.room_id FROM timetable_slot_room x WHERE x.slot_id = t.id ORDER BY 1) AS more_rooms
  FROM attendance_timetable_slot t JOIN section g ON g.id = t.section_id`;

export function toSlot(row: SlotRow) {
  return {
    id: row.id,
    timetable_version_id: row.timetable_version_id,
    academic_period: row.academic_period_id,
    course: row.course_code,
    faculty: row.faculty_code,
    section: { id: row.section_id, name: row.section_name },
    more_sections: row.more_sections,
    room: row.room_id,
    more_rooms: row.more_rooms,
    day_of_week: row.day_of_week,
    day_order: row.day_order,
    start_time: row.start_time.slice(0, 5),
    end_time: row.end_time.slice(0, 5),
    slot_type: row.slot_type,
    period_count: row.period_count,
    is_co_taught: row.is_co_taught,
    is_active: row.is_active,
    version: row.version,
  };
}

export const listSlots = defineRoute(
  {
    method: 'get',
    path: `${API}/timetable-slots/`,
    operationId: 'listTimetableSlots',
    tag: TAG,
    summary: 'Weekly slots by id',
    access: 'timetable.read',
    query: slotsQuery,
    reply: { schema: pageOf(slotSchema) },
  },
  async ({ query }, { db }) => {
    const conditions = new Conditions()
      .equal('t.section_id', query.section)
      .equal('t.faculty_code', query.faculty)
      .equal('t.room_id', query.room)
      .equal('t.day_of_week', query.day_of_week)
      .equal('t.timetable_version_id', query.timetable_version)
      .add('t.is_active');
    const position = decodeCursor(query.cursor, [shortText]);
    if (position !== undefined) conditions.add('t.id > ?', ...position);
    const { rows } = await db.knex.raw<{ rows: SlotRow[] }>(
      `${SLOT_SQL} WHERE ${conditions.where} ORDER BY t.id LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return { body: pageFrom(rows, query.limit, { item: toSlot, position: (row) => [row.id] }) };
  },
);

export const createSlot = defineRoute(
  {
    method: 'post',
    path: `${API}/timetable-slots/`,
    operationId: 'createTimetableSlot',
    tag: TAG,
    summary:
      'A weekly slot; one that needs a taken room, person or group is refused with the other slot named',
    access: 'timetable.write',
    status: 201,
    body: slotBody,
    reply: { schema: slotSchema },
    errors: ['FORBIDDEN', 'CLASH', 'ALREADY_EXISTS'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    const nowMs = clock.wallMs();
    await writeAs(db.knex, input, async (trx) => {
      const version = await trx('timetable_version')
        .where({ id: body.timetable_version_id })
        .first<{ academic_period_id: string } | undefined>('academic_period_id');
      if (version === undefined) {
        throw new RollcallError('REQUEST_INVALID', 'timetable_version_id: there is no such version');
      }
      await refuseUnknown(trx, body);
      const sections = [body.section, ...body.more_sections];
      await requireWithin(trx, principal, 'timetable.write', { course: body.course, sections });
      await trx('attendance_timetable_slot')
        .insert({
          id: body.id,
          timetable_version_id: body.timetable_version_id,
          academic_period_id: version.academic_period_id,
          course_code: body.course,
          faculty_code: body.faculty,
          section_id: body.section,
          room_id: body.room,
          day_of_week: body.day_of_week,
          day_order: body.day_order,
          start_time: body.start_time,
          end_time: body.end_time,
          slot_type: body.slot_type,
          period_count: body.period_count,
          is_co_taught: body.is_co_taught,
        })
        .catch((error: unknown) => {
          if (!isUniqueViolation(error)) throw error;
          throw new RollcallError('ALREADY_EXISTS', `There is a slot ${body.id} already`, { cause: error });
        });
      const further = body.more_sections.map((id) => ({ slot_id: body.id, section_id: id }));
      if (further.length > 0) await trx('timetable_slot_section').insert(further);
      const rooms = body.more_rooms.map((id) => ({ slot_id: body.id, room_id: id }));
      if (rooms.length > 0) await trx('timetable_slot_room').insert(rooms);
      await occupySlot(trx, body.id, { allowClash: body.allow_clash, nowMs });
      await writeAudit(trx, [
        {
          at: new Date(nowMs),
          entityType: 'attendance_timetable_slot',
          entityId: body.id,
          action: 'create',
          performedBy: principal.accountId,
          after: body,
        },
      ]);
    });
    const { rows } = await db.knex.raw<{ rows: SlotRow[] }>(`${SLOT_SQL} WHERE t.id = ?`, [body.id]);
    return { body: toSlot(rows[0] as SlotRow) };
  },
);

/**
 * Locks a slot of the timetable for somebody who may change it.
 *
 * @throws RollcallError `NOT_FOUND`, also for one that was taken out of the timetable; `FORBIDDEN` for one of another
 *   department
 */
export async function holdSlot(trx: Knex, principal: Principal, id: string): Promise<{ version: number }> {
  const slot = await trx('attendance_timetable_slot')
    .where({ id, is_active: true })
    .forUpdate()
    .first<{ version: number; section_id: string; course_code: string } | undefined>(
      'version',
      'section_id',
      'course_code',
    );
  if (slot === undefined) throw unknownSlot(id);
  const further = await trx('timetable_slot_section').where({ slot_id: id }).pluck<string[]>('section_id');
  const sections = [slot.section_id, ...further];
  await requireWithin(trx, principal, 'timetable.write', { course: slot.course_code, sections });
  return slot;
}

export const unknownSlot = (id: string): RollcallError =>
  new RollcallError('NOT_FOUND', `There is no timetable slot ${id}`);

export const deleteSlot = defineRoute(
  {
    method: 'delete',
    path: `${API}/timetable-slots/{id}/`,
    operationId: 'deleteTimetableSlot',
    tag: TAG,
    summary: 'Takes a slot out of the timetable; class sessions that exist stay',
    access: 'timetable.write',
    params: slotParams,
    headers: IF_MATCH,
    reply: { schema: emptySchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE'],
  },
  async (input, { db, clock }) => {
    const { params, principal } = input;
    await writeAs(db.knex, input, async (trx) => {
      const slot = await holdSlot(trx, principal, params.id);
      refuseStale(slot.version, input.request.headers['if-match'], undefined);
      await trx('attendance_timetable_slot')
        .where({ id: params.id })
        .update({ is_active: false, version: trx.raw('version + 1') });
      await trx('slot_occupancy').where({ slot_id: params.id }).delete();
      await writeAudit(trx, [
        {
          at: new Date(clock.wallMs()),
          entityType: 'attendance_timetable_slot',
          entityId: params.id,
          action: 'delete',
          performedBy: principal.accountId,
          before: { is_active: true },
          after: { is_active: false },
        },
      ]);
    });
    return { body: {} };
  },
);

interface VersionRow {
  id: string;
  academic_period_id: string;
  name: string;
  valid_from: string;
  valid_until: string | null;
  uses_day_order: boolean;
  version: number;
}
const VERSION_SQL = `SELECT id, academic_period_id, name, lower(valid_during) AS valid_from, upper(valid_during) AS valid_until,
  uses_day_order, version FROM timetable_version`;
const toVersion = ({ academic_period_id: period, ...row }: VersionRow) => ({
  academic_period: period,
  ...row,
});

export const listVersions = defineRoute(
  {
    method: 'get',
    path: `${API}/timetable-versions/`,
    operationId: 'listTimetableVersions',
    tag: TAG,
    summary: 'Versions of the timetable in the order of their begin',
    access: 'timetable.read',
    reply: { schema: pageOf(versionSchema) },
  },
  async (_input, { db }) => {
    const { rows } = await db.knex.raw<{ rows: VersionRow[] }>(
      `${VERSION_SQL} ORDER BY lower(valid_during), name`,
    );
    return { body: { results: rows.map(toVersion), next: null } };
  },
);

export const createVersion = defineRoute(
  {
    method: 'post',
    path: `${API}/timetable-versions/`,
    operationId: 'createTimetableVersion',
    tag: TAG,
    summary:
      'A new version of the timetable from a date on: held sessions stay, future ones go, those changed by hand are kept and listed; first as a preview',
    access: 'timetable.write',
    body: versionBody,
    reply: { schema: versionChangeSchema },
    errors: ['FORBIDDEN', 'ALREADY_EXISTS'],
  },
  async (input, { db, clock }) => {
    const { body, principal } = input;
    if (!reachesAll(principal, 'timetable.write')) {
      throw new RollcallError(
        'FORBIDDEN',
        'A version is the timetable of the whole campus; the dean or the office makes it',
      );
    }
    const undo = new Error('only a preview');
    let change: VersionChange | undefined;
    await writeAs(db.knex, input, async (trx) => {
      change = await replaceVersion(trx, {
        academicPeriodId: body.academic_period,
        name: body.name,
        validFrom: body.valid_from,
        usesDayOrder: body.uses_day_order,
        copySlots: body.copy_slots,
        nowMs: clock.wallMs(),
        actor: { performedBy: principal.accountId, source: 'manual' },
      });
      if (!body.apply) throw undo;
    }).catch((error: unknown) => {
      if (isUniqueViolation(error)) {
        throw new RollcallError('ALREADY_EXISTS', `There is a version "${body.name}" already`, {
          cause: error,
        });
      }
      if (error !== undo) throw error;
    });
    const made = change as VersionChange;
    const { rows } = await db.knex.raw<{ rows: VersionRow[] }>(`${VERSION_SQL} WHERE id = ?::uuid`, [
      made.id,
    ]);
    const [row] = rows;
    return {
      body: {
        timetable_version: row === undefined ? null : toVersion(row),
        replaced: made.replaced,
        kept: made.kept,
      },
    };
  },
);

export async function refuseUnknown(
  trx: Knex,
  body: {
    course: string;
    faculty: string;
    section: string;
    room: string;
    more_sections: string[];
    more_rooms: string[];
  },
): Promise<void> {
  const checks: [field: string, table: string, key: string, values: string[]][] = [
    ['course', 'course', 'code', [body.course]],
    ['faculty', 'faculty', 'code', [body.faculty]],
    ['section', 'section', 'id', [body.section, ...body.more_sections]],
    ['room', 'room', 'id', [body.room, ...body.more_rooms]],
  ];
  for (const [field, table, key, values] of checks) {
    const known = new Set<string>(await trx(table).whereIn(key, values).pluck(key));
    const missing = values.filter((value) => !known.has(value));
    if (missing.length === 0) continue;
    throw new RollcallError('REQUEST_INVALID', `${field}: there is no ${table} ${missing.join(', ')}`);
  }
}
