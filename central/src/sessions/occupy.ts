import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';

/** Something that a class session needs and another one has at the same time (domain cases 65, 66). */
export interface Clash {
  sessionId: string;
  kind: 'faculty' | 'room' | 'group';
  resourceId: string;
  otherSessionId: string;
  /** Course, section, room and times of the other one, in words. */
  other: string;
}

/**
 * What each session needs: its faculty member (or the substitute), its rooms while they are its rooms, and its
 * groups. A section stands for each of its batches too, so that a batch's lab clashes with the lecture of the
 * whole section and not with the lab of the other batch.
 */
const NEEDED_SQL = `
  SELECT s.id AS session_id, 'faculty' AS kind, coalesce(s.substitute_code, s.faculty_code) AS resource_id,
    tstzrange(s.start_at, s.end_at) AS during, NOT s.is_co_taught AS is_enforced
  FROM due s
  UNION
  SELECT s.id, 'room', r.room_id, tstzrange(s.start_at, s.end_at) * r.valid_during, true
  FROM due s JOIN session_room r ON r.session_id = s.id
  WHERE NOT isempty(tstzrange(s.start_at, s.end_at) * r.valid_during)
  UNION
  SELECT s.id, 'group', g.id, tstzrange(s.start_at, s.end_at), true
  FROM due s JOIN session_section x ON x.session_id = s.id JOIN section g ON g.id = x.section_id OR g.parent_id = x.section_id`;

interface ClashRow {
  session_id: string;
  kind: Clash['kind'];
  resource_id: string;
  other_id: string;
  other: string;
}

const toClash = (row: ClashRow): Clash => ({
  sessionId: row.session_id,
  kind: row.kind,
  resourceId: row.resource_id,
  otherSessionId: row.other_id,
  other: row.other,
});

/** Between these two stands a relation like NEEDED_SQL, called `n`. */
const WHO_HAS_SQL = `SELECT n.session_id, n.kind, n.resource_id, o.session_id AS other_id,
    concat(c.title, ' (', c.code, '), ', g.name, ', ', r.name, ', ',
      to_char(s.start_at AT TIME ZONE z.zone, 'YYYY-MM-DD HH24:MI'), '–',
      to_char(s.end_at AT TIME ZONE z.zone, 'HH24:MI'), ', ', f.full_name) AS other
  FROM`;
const OTHERS_SQL = `
    JOIN session_occupancy o ON o.kind = n.kind AND o.resource_id = n.resource_id AND o.during && n.during
      AND o.is_enforced AND o.session_id <> n.session_id
    JOIN attendance_session s ON s.id = o.session_id
    JOIN course c ON c.code = s.course_code
    JOIN section g ON g.id = s.section_id
    JOIN room r ON r.id = s.room_id
    JOIN faculty f ON f.code = s.faculty_code
    CROSS JOIN LATERAL (SELECT zone FROM campus ORDER BY id LIMIT 1) z
  ORDER BY n.session_id, n.kind, s.start_at`;

/** What other classes have of all that these would need, whatever their state: for a look before one comes back. */
export async function clashesOf(trx: Knex, sessionIds: readonly string[]): Promise<Clash[]> {
  if (sessionIds.length === 0) return [];
  const { rows } = await trx.raw<{ rows: ClashRow[] }>(
    `WITH due AS MATERIALIZED (SELECT * FROM attendance_session WHERE id = ANY(?::uuid[])),
     needed AS MATERIALIZED (${NEEDED_SQL})
     ${WHO_HAS_SQL} (SELECT * FROM needed WHERE is_enforced) n ${OTHERS_SQL}`,
    [sessionIds as never],
  );
  return rows.map(toClash);
}

/**
 * Writes anew what these sessions occupy; cancelled and not-held ones occupy nothing. What another session has
 * already is left out, and named in the answer.
 */
export async function occupySessions(trx: Knex, sessionIds: readonly string[]): Promise<Clash[]> {
  if (sessionIds.length === 0) return [];
  await trx.raw('DELETE FROM session_occupancy WHERE session_id = ANY(?::uuid[])', [sessionIds as never]);
  const { rows } = await trx.raw<{
    rows: ClashRow[];
  }>(
    `WITH due AS MATERIALIZED (
       SELECT * FROM attendance_session
       WHERE id = ANY(?::uuid[]) AND status NOT IN ('cancelled', 'not_held')
     ), needed AS MATERIALIZED (${NEEDED_SQL}),
     taken AS (
       INSERT INTO session_occupancy (session_id, kind, resource_id, during, is_enforced)
       SELECT session_id, kind, resource_id, during, is_enforced FROM needed
       ON CONFLICT DO NOTHING RETURNING session_id, kind, resource_id, during
     ), missed AS MATERIALIZED (
       -- Mostly nobody: only for these is it worth a look who has it.
       SELECT n.* FROM needed n LEFT JOIN taken t ON (t.session_id, t.kind, t.resource_id, t.during)
         = (n.session_id, n.kind, n.resource_id, n.during)
       WHERE t.session_id IS NULL AND n.is_enforced
     )
     ${WHO_HAS_SQL} missed n ${OTHERS_SQL}`,
    [sessionIds as never],
  );
  const known = rows.map(toClash);
  return known.length > 0 ? known : findInside(trx, sessionIds);
}

/** Two sessions of the same call that need the same thing: the statement above cannot see its own rows. */
async function findInside(trx: Knex, sessionIds: readonly string[]): Promise<Clash[]> {
  if (sessionIds.length < 2) return [];
  const { rows } = await trx.raw<{
    rows: { session_id: string; kind: Clash['kind']; resource_id: string; other_id: string }[];
  }>(
    `WITH due AS MATERIALIZED (
       SELECT * FROM attendance_session WHERE id = ANY(?::uuid[]) AND status NOT IN ('cancelled', 'not_held')
     ), needed AS MATERIALIZED (${NEEDED_SQL}), has AS MATERIALIZED (
       SELECT session_id, kind, resource_id FROM session_occupancy WHERE session_id = ANY(?::uuid[])
     ), missed AS MATERIALIZED (
       SELECT n.* FROM needed n LEFT JOIN has h ON (h.session_id, h.kind, h.resource_id)
         = (n.session_id, n.kind, n.resource_id)
       WHERE h.session_id IS NULL AND n.is_enforced
     )
     SELECT n.session_id, n.kind, n.resource_id, o.session_id AS other_id
     FROM missed n JOIN session_occupancy o ON o.kind = n.kind AND o.resource_id = n.resource_id
       AND o.during && n.during AND o.is_enforced AND o.session_id <> n.session_id
     ORDER BY 1, 2`,
    [sessionIds as never, sessionIds as never],
  );
  return rows.map((row) => ({
    sessionId: row.session_id,
    kind: row.kind,
    resourceId: row.resource_id,
    otherSessionId: row.other_id,
    other: `class session ${row.other_id}`,
  }));
}

const WORDS: Record<Clash['kind'], string> = {
  faculty: 'The faculty member',
  room: 'The room',
  group: 'The group',
};

/** @throws RollcallError `CLASH` that names the other class */
export function refuseClashes(clashes: readonly Clash[]): void {
  const [first] = clashes;
  if (first === undefined) return;
  throw new RollcallError(
    'CLASH',
    `${WORDS[first.kind]} ${first.resourceId} has another class then: ${first.other}. Choose another time, ` +
      'or mark the class as co-taught where two people teach it together',
    { context: { clashes } },
  );
}
