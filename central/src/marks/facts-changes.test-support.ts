import type { Knex } from '../db/database.js';
import type { RuleCampus } from './rule-campus.js';

/** The class that is looked at, and another one. */
export interface TwoClasses {
  id: string;
  other: string;
}

export interface FactsChange {
  name: string;
  /** Says to everybody that the facts of the class are others now. */
  trigger: string;
  /** With the ids as `:id` and `:other`. */
  sql: string;
  /** Where it concerns the whole campus. */
  undo?: string;
}

const device = (name: string, set: string): FactsChange => ({
  name,
  trigger: 'attendance_biometric_device_facts',
  sql: `UPDATE attendance_biometric_device SET ${set} WHERE device_id = 'x202'`,
});
const holiday = (name: string, sql: string): FactsChange => ({
  name,
  trigger: 'attendance_holiday_facts',
  sql,
});
const ofSession = (name: string, set: string): FactsChange => ({
  name,
  trigger: 'attendance_session_facts',
  sql: `UPDATE attendance_session SET ${set} WHERE id = :id`,
});

const MEANT = `SELECT campus_id, scheduled_date FROM attendance_session s
  JOIN academic_period p ON p.id = s.academic_period_id WHERE s.id = :id`;

/** Of everything that is read of a class, as anybody may change it; none says to the judge that it did. */
export const FACTS_CHANGES: readonly FactsChange[] = [
  ofSession('its times', "start_at = start_at + interval '1 minute'"),
  ofSession('its end', 'actual_end_at = end_at'),
  ofSession('its status', "status = 'closed'"),
  ofSession('its policy', `policy = jsonb_set(policy, '{close_grace_minutes}', '7')`),
  ofSession('its reach', "reach_until = reach_until + interval '1 minute'"),
  ofSession('its periods', 'period_count = 2'),
  {
    name: 'a group more',
    trigger: 'session_section_added',
    sql: `INSERT INTO session_section SELECT session_id, 'b1', scheduled_date, reach_from, reach_until
      FROM session_section WHERE session_id = :id AND section_id = 'cse-a'`,
  },
  {
    name: 'a group less',
    trigger: 'session_section_removed',
    sql: "DELETE FROM session_section WHERE session_id = :id AND section_id = 'cse-b'",
  },
  {
    name: 'another group',
    trigger: 'session_section_changed',
    sql: "UPDATE session_section SET section_id = 'b2' WHERE session_id = :id AND section_id = 'cse-b'",
  },
  {
    name: 'a room more',
    trigger: 'session_room_added',
    sql: "INSERT INTO session_room (session_id, room_id) VALUES (:id, 'r205')",
  },
  {
    name: 'a room less',
    trigger: 'session_room_removed',
    sql: "DELETE FROM session_room WHERE session_id = :id AND room_id = 'r202'",
  },
  {
    name: 'a room only for a while',
    trigger: 'session_room_changed',
    sql: "UPDATE session_room SET valid_during = '(,2026-08-01)' WHERE session_id = :id AND room_id = 'r202'",
  },
  {
    name: 'a room that goes to another class',
    trigger: 'session_room_changed',
    sql: "UPDATE session_room SET session_id = :other WHERE session_id = :id AND room_id = 'r202'",
  },
  {
    name: 'a room that comes from another class',
    trigger: 'session_room_changed',
    sql: "UPDATE session_room SET session_id = :id WHERE session_id = :other AND room_id = 'r103'",
  },
  {
    name: 'a guest more',
    trigger: 'session_guest_facts',
    sql: `INSERT INTO session_guest (session_id, student_id, counts_for_session_id)
      SELECT :other, id, :id FROM student ORDER BY roll_number DESC LIMIT 1`,
  },
  {
    name: 'a guest less',
    trigger: 'session_guest_facts',
    sql: 'DELETE FROM session_guest WHERE counts_for_session_id = :id',
  },
  {
    name: 'a guest who counts for another class',
    trigger: 'session_guest_facts',
    sql: 'UPDATE session_guest SET counts_for_session_id = :other WHERE counts_for_session_id = :id',
  },
  {
    name: 'a guest who is let in',
    trigger: 'session_guest_facts',
    sql: `INSERT INTO session_guest (session_id, student_id, counts_for_session_id)
      SELECT :id, id, :other FROM student ORDER BY roll_number DESC LIMIT 1`,
  },
  {
    name: 'a guest who is let out',
    trigger: 'session_guest_facts',
    sql: 'DELETE FROM session_guest WHERE session_id = :id',
  },
  {
    name: 'a guest of it who counts for another class',
    trigger: 'session_guest_facts',
    sql: 'UPDATE session_guest SET counts_for_session_id = session_id WHERE session_id = :id',
  },
  {
    name: 'a device more',
    trigger: 'attendance_biometric_device_facts',
    sql: `INSERT INTO attendance_biometric_device (device_id, gateway_id, device_name, device_type, driver, room_id)
      VALUES ('y202', 'gw-a', 'y202', 'face', 'ef01', 'r202')`,
  },
  {
    name: 'a device less',
    trigger: 'attendance_biometric_device_facts',
    sql: "DELETE FROM attendance_biometric_device WHERE device_id = 'x202'",
  },
  device('a device elsewhere', "room_id = 'r205'"),
  device('a device on the way in', "direction = 'in'"),
  device('a device of another kind', "device_type = 'face'"),
  device('a device that is switched off', 'is_enabled = false'),
  {
    name: 'how its room is captured',
    trigger: 'room_facts',
    sql: "UPDATE room SET capture_mode = 'alternating' WHERE id = 'r202'",
  },
  holiday(
    'a holiday of some',
    `INSERT INTO attendance_holiday (campus_id, name, date, scope_section_id)
     SELECT campus_id, 'Fest', scheduled_date, 'b2' FROM (${MEANT}) s`,
  ),
  holiday(
    'a holiday for part of the day',
    `UPDATE attendance_holiday SET is_full_day = false, start_time = '09:00', end_time = '12:00'
     WHERE (campus_id, date) IN (${MEANT})`,
  ),
  holiday('a holiday less', `DELETE FROM attendance_holiday WHERE (campus_id, date) IN (${MEANT})`),
  {
    name: 'the zone of the campus',
    trigger: 'campus_facts',
    sql: "UPDATE campus SET zone = 'Asia/Kathmandu' WHERE id = 'main'",
    undo: "UPDATE campus SET zone = 'Asia/Kolkata' WHERE id = 'main'",
  },
  {
    name: 'the campus of its term',
    trigger: 'academic_period_facts',
    sql: "UPDATE academic_period SET campus_id = 'second'",
    undo: "UPDATE academic_period SET campus_id = 'main'",
  },
];

export const change = (knex: Knex, sql: string, classes: TwoClasses): Promise<unknown> =>
  // The driver counts what it is given: only what the text names.
  knex.raw(
    sql,
    Object.fromEntries(Object.entries(classes).filter(([name]) => sql.includes(`:${name}`))) as never,
  ) as unknown as Promise<unknown>;

/** A class on a day of its own that each of {@link FACTS_CHANGES} changes, and one beside it. */
export async function holdChangeable(campus: RuleCampus): Promise<TwoClasses> {
  campus.nextDay();
  const { knex } = campus.db;
  await knex('campus').insert({ id: 'second', name: 'Second', zone: 'UTC' }).onConflict().ignore();
  await knex('attendance_biometric_device').whereIn('device_id', ['x202', 'y202']).delete();
  await knex('attendance_biometric_device').insert({
    device_id: 'x202',
    gateway_id: 'gw-a',
    device_name: 'x202',
    device_type: 'rfid',
    driver: 'rdm6300',
    room_id: 'r202',
    direction: 'out',
  });
  await knex('room').where({ id: 'r202' }).update({ capture_mode: 'entry' });
  const id = await campus.hold({
    from: '10:00',
    until: '10:50',
    room: 'r102',
    groups: ['cse-b'],
    rooms: ['r202'],
  });
  const other = await campus.hold({
    from: '14:00',
    until: '14:50',
    rooms: ['r103'],
    course: 'CS302',
  });
  await knex('session_guest').insert({
    session_id: other,
    student_id: await campus.studentId(1),
    counts_for_session_id: id,
  });
  await knex('session_guest').insert({
    session_id: id,
    student_id: await campus.studentId(2),
    counts_for_session_id: other,
  });
  await knex('attendance_holiday').insert({
    campus_id: 'main',
    name: 'Practice',
    date: campus.date(),
    scope_section_id: 'b1',
  });
  return { id, other };
}
