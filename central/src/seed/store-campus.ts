import { createHash } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import { occupySlots, type SlotClash } from '../calendar/occupy-slot.js';
import type { Knex } from '../db/database.js';
import type { CampusFile } from './campus-file.js';

/** Clashes that an answer spells out; a file with more has one mistake many times. */
const CLASHES_NAMED_MAX = 10;

/**
 * Everything but people, each table in one statement. Rows of other files are left alone.
 *
 * @throws RollcallError `SEED_INVALID` naming slots that need one person, room or group at one time
 */
export async function storeCampus(trx: Knex, file: CampusFile): Promise<void> {
  const { campus, academic_period: period } = file;
  await trx('campus').insert(campus).onConflict('id').merge(['name', 'zone']);
  await upsert(
    trx,
    BUILDING_SQL,
    file.buildings.map(({ id, name }) => ({ id, name, campus_id: campus.id })),
  );
  const rooms = file.buildings.flatMap((building) =>
    building.rooms.map(({ id, name, capacity }) => ({
      id,
      name,
      capacity: capacity ?? null,
      building_id: building.id,
    })),
  );
  await upsert(trx, ROOM_SQL, rooms);
  await trx('academic_period')
    .insert({ ...period, campus_id: campus.id })
    .onConflict('id')
    .merge(['name', 'starts_on', 'ends_on']);
  await trx.raw(TIMETABLE_VERSION_SQL, [period.id]);
  await upsert(
    trx,
    DEPARTMENT_SQL,
    file.departments.map((row) => ({ ...row, campus_id: campus.id })),
  );
  await upsert(trx, COURSE_SQL, file.courses);
  await upsert(trx, FACULTY_SQL, file.faculty);
  await upsert(trx, SECTION_SQL, file.sections);
  await upsert(trx, GATEWAY_SQL, file.gateways);
  await upsert(trx, GATEWAY_KEY_SQL, gatewayKeys(file));
  await upsert(
    trx,
    DEVICE_SQL,
    file.devices.map((device) => ({ ...device, room: device.room ?? null })),
  );
  await upsert(
    trx,
    SLOT_SQL,
    file.timetable.map((slot) => ({ ...slot, period: period.id })),
  );
  await storeSlotPlaces(trx, file);
  refuseClashes(
    await occupySlots(
      trx,
      file.timetable.map(({ id }) => id),
    ),
  );
}

/** Loaded whole or not at all: a timetable that cannot be held is mended in the file (domain cases 65, 66). */
function refuseClashes(clashes: readonly SlotClash[]): void {
  if (clashes.length === 0) return;
  const named = clashes
    .slice(0, CLASHES_NAMED_MAX)
    .map(
      (clash) =>
        `${clash.slot_id} needs the ${clash.kind} ${clash.resource_id}, which ${clash.other_id} has: ${clash.other}`,
    );
  const more = clashes.length - named.length;
  throw new RollcallError(
    'SEED_INVALID',
    `timetable: slots clash; move them, or leave them out. ${named.join('. ')}${more > 0 ? `. And ${more} more` : ''}`,
    { context: { clashes: clashes.length } },
  );
}

/** Further groups and rooms of slots, as the file has them now. */
async function storeSlotPlaces(trx: Knex, { timetable }: CampusFile): Promise<void> {
  const ids = timetable.map(({ id }) => id);
  await trx('timetable_slot_section').whereIn('slot_id', ids).delete();
  await trx('timetable_slot_room').whereIn('slot_id', ids).delete();
  const sections = timetable.flatMap((slot) =>
    slot.more_sections.map((section) => ({ slot_id: slot.id, section_id: section })),
  );
  const rooms = timetable.flatMap((slot) =>
    slot.more_rooms.map((room) => ({ slot_id: slot.id, room_id: room })),
  );
  if (sections.length > 0) await trx('timetable_slot_section').insert(sections);
  if (rooms.length > 0) await trx('timetable_slot_room').insert(rooms);
}

async function upsert(trx: Knex, sql: string, rows: readonly object[]): Promise<void> {
  if (rows.length > 0) await trx.raw(sql, [JSON.stringify(rows)]);
}

function gatewayKeys(file: CampusFile): object[] {
  return file.gateways.flatMap(({ id, public_key }) => {
    if (public_key === undefined) return [];
    const bytes = Buffer.from(public_key, 'base64');
    const keyId = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    return [{ key_id: keyId, gateway_id: id, public_key: bytes.toString('hex') }];
  });
}

const BUILDING_SQL = `
  INSERT INTO building (id, name, campus_id)
  SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (id text, name text, campus_id text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, campus_id = excluded.campus_id`;

const ROOM_SQL = `
  INSERT INTO room (id, name, capacity, building_id)
  SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (id text, name text, capacity int, building_id text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, capacity = excluded.capacity, building_id = excluded.building_id`;

const DEPARTMENT_SQL = `
  INSERT INTO department (id, name, campus_id)
  SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (id text, name text, campus_id text)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name`;

const COURSE_SQL = `
  INSERT INTO course (code, title, course_type, department_id)
  SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (code text, title text, type text, department text)
  ON CONFLICT (code) DO UPDATE SET title = excluded.title, course_type = excluded.course_type,
    department_id = excluded.department_id`;

const FACULTY_SQL = `
  INSERT INTO faculty (code, full_name, department_id)
  SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (code text, name text, department text)
  ON CONFLICT (code) DO UPDATE SET full_name = excluded.full_name, department_id = excluded.department_id`;

const SECTION_SQL = `
  INSERT INTO section (id, name, kind, parent_id, department_id, year_of_study)
  SELECT * FROM jsonb_to_recordset(?::jsonb)
    AS r (id text, name text, kind text, parent text, department text, year_of_study smallint)
  ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind, parent_id = excluded.parent_id,
    department_id = excluded.department_id, year_of_study = excluded.year_of_study`;

const GATEWAY_SQL = `
  INSERT INTO gateway (id, building_id, name)
  SELECT * FROM jsonb_to_recordset(?::jsonb) AS r (id text, building text, name text)
  ON CONFLICT (id) DO UPDATE SET building_id = excluded.building_id, name = excluded.name`;

/** A key that was revoked stays revoked: registering it again needs a new one. */
const GATEWAY_KEY_SQL = `
  INSERT INTO gateway_key (key_id, gateway_id, public_key)
  SELECT key_id, gateway_id, decode(public_key, 'hex')
  FROM jsonb_to_recordset(?::jsonb) AS r (key_id text, gateway_id text, public_key text)
  ON CONFLICT (key_id) DO NOTHING`;

const DEVICE_SQL = `
  INSERT INTO attendance_biometric_device (device_id, gateway_id, device_name, device_type, driver, room_id, direction)
  SELECT id, gateway, name, type, driver, room, direction FROM jsonb_to_recordset(?::jsonb)
    AS r (id text, gateway text, name text, type text, driver text, room text, direction text)
  ON CONFLICT (gateway_id, device_id) DO UPDATE SET device_name = excluded.device_name,
    device_type = excluded.device_type, driver = excluded.driver, room_id = excluded.room_id, direction = excluded.direction`;

/** A file carries one timetable: it is the first version of its period. */
const TIMETABLE_VERSION_SQL = `
  INSERT INTO timetable_version (academic_period_id, name, valid_during)
  SELECT id, 'v1', daterange(starts_on, ends_on, '[]') FROM academic_period p
  WHERE id = ? AND NOT EXISTS (SELECT FROM timetable_version WHERE academic_period_id = p.id)`;

const SLOT_SQL = `
  INSERT INTO attendance_timetable_slot
    (id, academic_period_id, section_id, course_code, faculty_code, room_id, day_of_week, start_time, end_time, slot_type,
     timetable_version_id, period_count)
  SELECT r.id, period, section, course, faculty, room, day_of_week, start, "end", type, v.id, period_count
  FROM jsonb_to_recordset(?::jsonb)
    AS r (id text, period text, section text, course text, faculty text, room text, day_of_week smallint,
      start time, "end" time, type text, period_count smallint)
    JOIN LATERAL (
      SELECT id FROM timetable_version WHERE academic_period_id = r.period ORDER BY valid_during LIMIT 1
    ) v ON true
  ON CONFLICT (id) DO UPDATE SET academic_period_id = excluded.academic_period_id, section_id = excluded.section_id,
    course_code = excluded.course_code, faculty_code = excluded.faculty_code, room_id = excluded.room_id,
    day_of_week = excluded.day_of_week, start_time = excluded.start_time, end_time = excluded.end_time,
    slot_type = excluded.slot_type, period_count = excluded.period_count, is_active = true`;
