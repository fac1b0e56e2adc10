import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { type Capture, type Facts, type GuestVisit, isOfClass } from '../rules/facts.js';
import { askAhead, capturesAfter, neighborsAfter } from './ask-ahead.js';
import { type CaptureRequest, loadCaptures } from './load-captures.js';
import { LOCKED_VISIT_SQL, loadCountedElsewhere } from './load-counted-elsewhere.js';
import { loadExemptions } from './load-exemptions.js';
import { loadScopedHolidays } from './load-holidays.js';
import { loadPlaces } from './load-places.js';
import { type Guest, type LoadedSession, loadSessions } from './load-sessions.js';
import { leaveOf, loadStandings, type Standing } from './load-standing.js';
import { clashesOf, evidenceFromMs, type Neighbors, spansOf, withBlock } from './load-surroundings.js';
import { type Pair, pairKey } from './pair.js';
import { createSeenSessions, type SeenSessions } from './seen-sessions.js';

/** Class sessions that a thread remembers: those of a large campus' day. */
const SEEN_SESSIONS_MAX = 4_000;

export interface LoadedPair extends Pair {
  facts: Facts;
  session: LoadedSession;
  standing: Standing;
}

export type LoadFacts = (trx: Knex, pairs: readonly Pair[]) => Promise<LoadedPair[]>;

/** Everything that the marks of pairs depend on, by whoever remembers what the classes were when they were last looked at. */
export function createFactsLoader(sessionsMax = SEEN_SESSIONS_MAX): LoadFacts {
  const seen = createSeenSessions(sessionsMax);
  return (trx, pairs) => load(trx, pairs, seen);
}

/**
 * Everything that the marks of these pairs depend on. The number of statements does not grow with the pairs, and
 * what is not asked for (other rooms, clashes, guests, holidays of some) costs one look at most.
 */
export const loadFacts: LoadFacts = createFactsLoader();

async function load(trx: Knex, pairs: readonly Pair[], seen: SeenSessions): Promise<LoadedPair[]> {
  const [bare, standings, ahead] = await Promise.all([
    loadSessions(trx, [...new Set(pairs.map(({ sessionId }) => sessionId))]),
    loadStandings(trx, pairs),
    askAhead(trx, pairs, seen),
  ]);
  const neighbors = await neighborsAfter(trx, ahead, spansOf(groupsAround(bare, standings)));
  const sessions = new Map([...bare].map(([id, session]) => [id, withBlock(session, neighbors)]));
  for (const session of sessions.values()) seen.keep(session);
  const clashes = await loadClashes(trx, sessions, standings, neighbors);
  const captures = await capturesAfter(trx, ahead, requestsOf(sessions, standings, clashes));
  const scansAt = await loadClashScans(trx, standings, clashes);
  const visits = await loadVisits(trx, sessions.values());
  const countedElsewhere = await loadCountedElsewhere(trx, sessions, standings);
  const isOnHoliday = await loadScopedHolidays(trx, sessions.values(), standings);
  const exemptionOf = await loadExemptions(trx, sessions.values(), standings);
  const { places, walks } = await loadPlaces(trx, sessions.values(), captures.values());
  return standings.flatMap((standing) => {
    const session = sessions.get(standing.sessionId);
    if (session === undefined) return [];
    const key = pairKey(standing);
    const facts: Facts = {
      session,
      isOnRoster: standing.groups.some((group) => session.groups.includes(group)),
      captures: captures.get(key) ?? [],
      decisions: standing.decisions,
      leaveId: leaveOf(standing, session),
      status: standing.status,
      fingerAlternative: exemptionOf(session, standing),
      isOnHoliday: isOnHoliday(session, standing),
      clashes: clashes.get(key) ?? [],
      clashScans: scansAt(standing),
      visits: visits.get(key) ?? [],
      isCountedElsewhere: countedElsewhere.has(key),
      places,
      walks,
    };
    return [{ sessionId: standing.sessionId, studentId: standing.studentId, facts, session, standing }];
  });
}

function* groupsAround(
  sessions: ReadonlyMap<string, LoadedSession>,
  standings: readonly Standing[],
): Generator<readonly [LoadedSession, readonly string[]]> {
  for (const session of sessions.values()) yield [session, session.groups];
  for (const { sessionId, groups } of standings) {
    const session = sessions.get(sessionId);
    if (session === undefined) continue;
    // Whoever is in no other group has no other class: most students.
    const others = groups.filter((group) => !session.groups.includes(group));
    if (others.length > 0) yield [session, others];
  }
}

/** Other classes at the same time, by pair. */
async function loadClashes(
  trx: Knex,
  sessions: ReadonlyMap<string, LoadedSession>,
  standings: readonly Standing[],
  neighbors: Neighbors,
): Promise<Map<string, LoadedSession[]>> {
  const idsOf = new Map<string, string[]>();
  for (const standing of standings) {
    const session = sessions.get(standing.sessionId);
    if (session === undefined || !standing.groups.some((group) => session.groups.includes(group))) continue;
    const ids = clashesOf(session, standing.groups, neighbors);
    if (ids.length > 0) idsOf.set(pairKey(standing), ids);
  }
  const wanted = [...new Set([...idsOf.values()].flat())];
  const loaded = await loadSessions(
    trx,
    wanted.filter((id) => !sessions.has(id)),
  );
  const find = (id: string): LoadedSession[] => {
    const session = sessions.get(id) ?? loaded.get(id);
    return session === undefined ? [] : [session];
  };
  return new Map([...idsOf].map(([key, ids]) => [key, ids.flatMap(find)]));
}

const NO_SCANS: ReadonlyMap<string, readonly Capture[]> = new Map();

/**
 * Scans and meetings of the clashing classes: the captures of a pair are those of its own class, beside what its student did anywhere.
 *
 * @returns those of a pair, by the class session that they are of
 */
async function loadClashScans(
  trx: Knex,
  standings: readonly Standing[],
  clashes: ReadonlyMap<string, LoadedSession[]>,
): Promise<(pair: Pair) => ReadonlyMap<string, readonly Capture[]>> {
  // Nearly always: this is asked for every tap.
  if (clashes.size === 0) return () => NO_SCANS;
  const requests = new Map<string, CaptureRequest>();
  for (const standing of standings) {
    const { studentId } = standing;
    for (const { id: sessionId, reachFromMs: fromMs, reachUntilMs: untilMs } of clashes.get(
      pairKey(standing),
    ) ?? [])
      requests.set(pairKey({ sessionId, studentId }), { sessionId, studentId, fromMs, untilMs });
  }
  const captures: Map<string, Capture[]> = await loadCaptures(trx, [...requests.values()]);
  return (pair) => {
    const others = clashes.get(pairKey(pair)) ?? [];
    return new Map(
      others.map(({ id }) => {
        const there = captures.get(pairKey({ sessionId: id, studentId: pair.studentId })) ?? [];
        return [id, there.filter(({ kind }) => isOfClass(kind))];
      }),
    );
  };
}

function requestsOf(
  sessions: ReadonlyMap<string, LoadedSession>,
  standings: readonly Standing[],
  clashes: ReadonlyMap<string, LoadedSession[]>,
): CaptureRequest[] {
  return standings.flatMap((standing) => {
    const session = sessions.get(standing.sessionId);
    if (session === undefined) return [];
    const others = clashes.get(pairKey(standing)) ?? [];
    return [
      {
        sessionId: standing.sessionId,
        studentId: standing.studentId,
        fromMs: Math.min(evidenceFromMs(session), ...others.map(({ reachFromMs }) => reachFromMs)),
        untilMs: Math.max(session.reachUntilMs, ...others.map(({ reachUntilMs }) => reachUntilMs)),
      },
    ];
  });
}

/** Classes of other batches that a student was let into, by the pair that they count for (domain case 60). */
async function loadVisits(trx: Knex, sessions: Iterable<LoadedSession>): Promise<Map<string, GuestVisit[]>> {
  const rows = await withoutMembers(
    trx,
    [...sessions].flatMap(({ id, guests }) => guests.map((guest) => ({ ...guest, countsFor: id }))),
  );
  if (rows.length === 0) return new Map();
  const visited = await loadSessions(trx, [...new Set(rows.map(({ session_id: id }) => id))]);
  const captures: Map<string, Capture[]> = await loadCaptures(
    trx,
    rows.flatMap(({ session_id: sessionId, student_id: studentId }) => {
      const session = visited.get(sessionId);
      if (session === undefined) return [];
      return [{ sessionId, studentId, fromMs: session.reachFromMs, untilMs: session.reachUntilMs }];
    }),
  );
  const visits = new Map<string, GuestVisit[]>();
  for (const { session_id: sessionId, student_id: studentId, countsFor } of rows) {
    const session = visited.get(sessionId);
    if (session === undefined) continue;
    const key = pairKey({ sessionId: countsFor, studentId });
    const visit = { session, captures: captures.get(pairKey({ sessionId, studentId })) ?? [] };
    visits.set(key, [...(visits.get(key) ?? []), visit]);
  }
  return visits;
}

type CountedGuest = Guest & { countsFor: string };

/**
 * Who is on the roster of the visited class by now is no guest: one presence would be two. Where that class was locked without
 * counting them it never will, and they stay its guest; so they do while the class that it counts for is locked with the visit
 * (domain case 18).
 */
async function withoutMembers(trx: Knex, guests: readonly CountedGuest[]): Promise<readonly CountedGuest[]> {
  if (guests.length === 0) return guests;
  const { rows } = await prepared<{ rows: { session_id: string; student_id: string }[] }>(
    trx,
    `SELECT g.session_id, v.student_id FROM unnest(?::uuid[], ?::uuid[], ?::uuid[]) AS v (session_id, student_id, counts_for)
       JOIN session_section g ON g.session_id = v.session_id
       JOIN roster_membership m ON m.section_id = g.section_id AND m.student_id = v.student_id
         AND m.valid_during @> g.scheduled_date
       JOIN attendance_session s ON s.id = v.session_id
     WHERE (s.status <> 'locked' OR EXISTS (
       SELECT FROM attendance_record r
       WHERE r.session_id = v.session_id AND r.student_id = v.student_id AND r.mark <> 'not_required'))
       AND NOT EXISTS (SELECT FROM ${LOCKED_VISIT_SQL})`,
    [
      guests.map(({ session_id: sessionId }) => sessionId),
      guests.map(({ student_id: studentId }) => studentId),
      guests.map(({ countsFor }) => countsFor),
    ] as never,
  );
  const members = new Set(
    rows.map((row) => pairKey({ sessionId: row.session_id, studentId: row.student_id })),
  );
  return guests.filter(
    (guest) => !members.has(pairKey({ sessionId: guest.session_id, studentId: guest.student_id })),
  );
}
