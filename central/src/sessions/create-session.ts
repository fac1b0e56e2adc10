import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import { askAboutHalfDays } from '../calendar/ask-about-half-days.js';
import { dateAt, instantOf, plusDays } from '../calendar/campus-zone.js';
import { campusZone } from '../calendar/generate.js';
import { holdCalendar } from '../calendar/hold-calendar.js';
import { loadPolicies } from '../calendar/policies.js';
import type { SettingScope } from '../calendar/settings.js';
import type { Knex } from '../db/database.js';
import { recountHeldOfSession } from '../ingest/recount-held.js';
import { notifyLive } from '../marks/notify.js';
import type { Authority } from './change-session.js';
import { occupySessions, refuseClashes } from './occupy.js';
import { queueSession } from './record-change.js';
import { requireReplaceable } from './replaced-class.js';

const HOUR_MS = 3_600_000;
/** Whoever held a class outside the timetable, whatever it is called, enters it within this time (domain case 71). */
const AD_HOC_HOURS: Record<Authority, number> = { faculty: 24, head: 48, admin: 30 * 24 };
/** As generation does: captures from half an hour before are looked at. */
const REACH_BEFORE_MS = 30 * 60_000;
const MINUTE_MS = 60_000;

export type SessionOrigin = 'ad_hoc' | 'makeup' | 'extra' | 'swap';

export interface NewSession {
  course: string;
  /** The first is the one that lists show; all of them are its roster. */
  sections: readonly string[];
  faculty: string;
  rooms: readonly string[];
  /** Campus-local. An end at or before the start is on the next day. */
  date: string;
  startTime: string;
  endTime: string;
  sessionType: string;
  periodCount: number;
  origin: SessionOrigin;
  replacesSessionId?: string | undefined;
  countsInDenominator: boolean;
  isBonus: boolean;
  isCoTaught: boolean;
  reason: string;
  notes?: string;
}

export interface CreateRequest {
  session: NewSession;
  nowMs: number;
  accountId: string | null;
  authority: Authority;
}

/**
 * Makes one class session that the timetable does not have. One that has already begun is opened by the
 * scheduler at once, and the punches of its room and hour are judged for it (domain case 71). Whoever makes it in a
 * holiday wants it; where it lies partly in a half-day, a person is asked (case 7).
 *
 * @throws RollcallError `REQUEST_INVALID` naming what does not exist, `AD_HOC_TOO_LATE`, `ALREADY_EXISTS` or `CLASH`
 */
export async function createSession(trx: Knex, request: CreateRequest): Promise<string> {
  const { session, nowMs, accountId } = request;
  await holdCalendar(trx);
  const zone = await campusZone(trx);
  if (zone === undefined)
    throw new RollcallError('REQUEST_INVALID', 'There is no campus yet; seed one first');
  const startMs = instantOf(session.date, session.startTime, zone);
  const endDate = session.endTime > session.startTime ? session.date : plusDays(session.date, 1);
  const endMs = instantOf(endDate, session.endTime, zone);
  refuseTooLate(request, endMs);
  await refuseUnknown(trx, session);
  await requireReplaceable(trx, session);
  const periodId = await periodOf(trx, session.date);
  const policy = (await loadPolicies(trx))(startMs, await scopeOf(trx, session));
  const now = new Date(nowMs);
  const [row] = (await trx('attendance_session')
    .insert({
      academic_period_id: periodId,
      section_id: session.sections[0],
      course_code: session.course,
      faculty_code: session.faculty,
      room_id: session.rooms[0],
      scheduled_date: dateAt(startMs, zone),
      start_at: new Date(startMs),
      end_at: new Date(endMs),
      policy: JSON.stringify(policy),
      reach_from: new Date(startMs - REACH_BEFORE_MS),
      reach_until: new Date(endMs + policy.close_grace_minutes * MINUTE_MS),
      session_type: session.sessionType,
      period_count: session.periodCount,
      origin: session.origin,
      replaces_session_id: session.replacesSessionId ?? null,
      makeup: session.origin === 'makeup',
      counts_in_denominator: session.countsInDenominator,
      is_bonus: session.isBonus,
      is_co_taught: session.isCoTaught,
      notes: session.notes ?? '',
      is_hand_changed: true,
      is_made_by_faculty: request.authority === 'faculty',
      created_by: accountId,
      created_at: now,
      updated_at: now,
    })
    .returning('id')) as { id: string }[];
  const id = (row as { id: string }).id;
  await addPlaces(trx, id, session);
  refuseClashes(await occupySessions(trx, [id]));
  await writeAudit(trx, [
    {
      at: now,
      entityType: 'attendance_session',
      entityId: id,
      action: 'create',
      performedBy: accountId,
      reason: session.reason,
      after: { ...session },
      sessionId: id,
    },
  ]);
  await askAboutHalfDays(trx, { id, scheduled_date: dateAt(startMs, zone) }, { before: [], nowMs });
  await queueSession(trx, id);
  await recountHeldOfSession(trx, id, now);
  await notifyLive(trx, { type: 'session', ids: [id] });
  return id;
}

async function periodOf(trx: Knex, date: string): Promise<string> {
  const period = await trx('academic_period')
    .where('starts_on', '<=', date)
    .where('ends_on', '>=', date)
    .orderBy('starts_on', 'desc')
    .first<{ id: string } | undefined>('id');
  if (period !== undefined) return period.id;
  throw new RollcallError('REQUEST_INVALID', `date: no academic period has the day ${date}`);
}

/** As generation does: a lab class of any course has the settings of labs, and the first group names the programme. */
async function scopeOf(trx: Knex, { course, sections, sessionType }: NewSession): Promise<SettingScope> {
  const { rows } = await trx.raw<{ rows: { course_type: string; programme_id: string | null }[] }>(
    `SELECT c.course_type, g.programme_id FROM course c, section g WHERE c.code = ? AND g.id = ?`,
    [course, sections[0] ?? ''],
  );
  const [row] = rows;
  return {
    courseType: sessionType === 'LAB' ? 'lab' : row?.course_type,
    programmeId: row?.programme_id,
  };
}

/** The first group and room are there already: the table lists them by itself. */
async function addPlaces(trx: Knex, id: string, { sections, rooms }: NewSession): Promise<void> {
  await trx.raw(
    `INSERT INTO session_section (session_id, section_id, scheduled_date, reach_from, reach_until)
     SELECT s.id, g, s.scheduled_date, s.reach_from, s.reach_until
     FROM attendance_session s, unnest(?::text[]) AS g WHERE s.id = ?::uuid ON CONFLICT DO NOTHING`,
    [sections as never, id],
  );
  const further = rooms.slice(1).map((room) => ({ session_id: id, room_id: room }));
  if (further.length > 0) await trx('session_room').insert(further);
}

function refuseTooLate({ nowMs, authority }: CreateRequest, endMs: number): void {
  const hours = AD_HOC_HOURS[authority];
  if (nowMs - endMs <= hours * HOUR_MS) return;
  throw new RollcallError(
    'AD_HOC_TOO_LATE',
    `A class that was held outside the timetable is entered within ${hours} hours; ask somebody above you`,
  );
}

/** Every reference by its own name, so that the answer says which one is wrong. */
async function refuseUnknown(trx: Knex, session: NewSession): Promise<void> {
  const replaced = session.replacesSessionId === undefined ? [] : [session.replacesSessionId.toLowerCase()];
  const checks: [field: string, table: string, key: string, values: readonly string[]][] = [
    ['course', 'course', 'code', [session.course]],
    ['faculty', 'faculty', 'code', [session.faculty]],
    ['sections', 'section', 'id', session.sections],
    ['rooms', 'room', 'id', session.rooms],
    ['replaces_session_id', 'attendance_session', 'id', replaced],
  ];
  for (const [field, table, key, values] of checks) {
    const known = new Set<string>(
      await trx(table)
        .whereIn(key, [...values])
        .pluck(key),
    );
    const missing = values.filter((value) => !known.has(value));
    if (missing.length === 0) continue;
    throw new RollcallError('REQUEST_INVALID', `${field}: there is no ${table} ${missing.join(', ')}`);
  }
}
