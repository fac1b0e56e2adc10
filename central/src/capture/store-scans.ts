import type { AuditActor } from '../audit/audit-actor.js';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { pairKey } from '../marks/pair.js';
import { PERIOD_AT_SQL } from './device-binding.js';
import { refuse, type Scan, type Verdict } from './qr-verdict.js';

/**
 * Writes the scans, binds phones that are the first of their students, puts the pairs before the judge, and changes the verdict on
 * those that lost a race: two phones of one student at the same moment, here or at another replica, are one scan; of two students
 * with one phone the first is recorded and both are listed (domain cases 104, 111). What is taken is committed by one statement, so
 * that no receipt waits for a second one.
 *
 * @param knex outside of a transaction
 * @returns the rows of the judge's queue, of the scans that are stored as captures
 */
export async function storeScans(knex: Knex, scans: readonly Scan[], verdicts: Verdict[]): Promise<number[]> {
  const stored = await insertScans(knex, scans, verdicts);
  const lost = scans.flatMap((scan, index) =>
    verdicts[index]?.kind === 'taken' && !stored.has(pairKey(scan)) ? [index] : [],
  );
  if (lost.length > 0) await refuseLost(knex, scans, verdicts, lost);
  return [...stored.values()];
}

async function refuseLost(
  knex: Knex,
  scans: readonly Scan[],
  verdicts: Verdict[],
  lost: readonly number[],
): Promise<void> {
  const scannedAt = await timesOfScans(
    knex,
    lost.map((index) => scans[index] as Scan),
  );
  for (const index of lost) {
    const { place } = verdicts[index] as Verdict & { kind: 'taken' };
    const at = scannedAt.get(pairKey(scans[index] as Scan));
    verdicts[index] =
      at === undefined
        ? refuse('DEVICE_ALREADY_USED', 'This phone has just scanned for somebody else in this class', place)
        : { kind: 'recorded', at };
  }
  const refused = lost.filter((index) => verdicts[index]?.kind === 'refused');
  await insertScans(
    knex,
    refused.map((index) => scans[index] as Scan),
    refused.map((index) => verdicts[index] as Verdict),
  );
}

/** Of the students' own scans, by pair: which unique index was in the way, theirs or else the phone's. */
async function timesOfScans(trx: Knex, scans: readonly Scan[]): Promise<Map<string, Date>> {
  const { rows } = await prepared<{ rows: { session_id: string; student_id: string; scanned_at: Date }[] }>(
    trx,
    `SELECT q.session_id, q.student_id, q.scanned_at FROM unnest(?::uuid[], ?::uuid[]) AS p (session_id, student_id)
       JOIN qr_scan q ON q.session_id = p.session_id AND q.student_id = p.student_id AND q.outcome <> 'refused'`,
    [scans.map(({ sessionId }) => sessionId) as never, scans.map(({ studentId }) => studentId) as never],
  );
  return new Map(
    rows.map((row) => [pairKey({ sessionId: row.session_id, studentId: row.student_id }), row.scanned_at]),
  );
}

/** @returns the row of the judge's queue of each capture that is stored, by its pair; one that lost a race is not */
async function insertScans(
  knex: Knex,
  scans: readonly Scan[],
  verdicts: readonly Verdict[],
): Promise<Map<string, number>> {
  const rows = scans.flatMap((scan, index) => rowsOf(scan, verdicts[index] as Verdict));
  if (rows.length === 0) return new Map();
  const told = rows.filter(({ code }) => TOLD.includes(code));
  const insert = (asker: Knex) =>
    prepared<{ rows: { id: number; session_id: string; student_id: string }[] }>(asker, INSERT_SQL, [
      JSON.stringify(rows),
      new Date(Math.max(...scans.map(({ atMs }) => atMs))),
      rows.filter(({ binds }) => binds).map(({ student_id: studentId }) => studentId) as never,
      JSON.stringify(actorsOf(scans, verdicts)),
    ]);
  const stored =
    told.length === 0
      ? await insert(knex)
      : await knex.transaction(async (trx) => {
          // First: who else has the phone is looked up before the scans of this batch are there.
          await prepared(trx, TELL_SQL, [JSON.stringify(told)]);
          return insert(trx);
        });
  return new Map(
    stored.rows.map((row) => [pairKey({ sessionId: row.session_id, studentId: row.student_id }), row.id]),
  );
}

/** By pair, of those who are taken: another scan of the same student may be refused beside it. */
const actorsOf = (scans: readonly Scan[], verdicts: readonly Verdict[]): Record<string, AuditActor> =>
  Object.fromEntries(
    scans.flatMap((scan, index) =>
      verdicts[index]?.kind === 'taken' ? [[pairKey(scan), scan.actor] as const] : [],
    ),
  );

/** None, or one. */
function rowsOf(scan: Scan, verdict: Verdict) {
  if (verdict.kind === 'recorded' || (verdict.kind === 'refused' && verdict.code === 'QR_EXPIRED')) return [];
  const isTaken = verdict.kind === 'taken';
  return [
    {
      session_id: scan.sessionId,
      student_id: scan.studentId,
      scanned_at: new Date(scan.atMs),
      outcome: isTaken ? (verdict.isVerified ? 'accepted' : 'unverified') : 'refused',
      code: isTaken ? '' : verdict.code,
      binds: isTaken && verdict.binds,
      // A phone that two may share is nobody's.
      device: isTaken && verdict.isShared ? null : scan.deviceHash,
      place: verdict.place,
      network: isTaken && verdict.isOnCampusNetwork,
      ip: scan.ip,
    },
  ];
}

/** Refusals that people have to look at (domain cases 104, 109). */
const TOLD: readonly string[] = ['DEVICE_ALREADY_USED', 'LOCATION_MOCKED'];

/**
 * The first phone that a student uses becomes the student's, by the scan that is stored. Who gets one is looked up in an array:
 * joining the scans to what is stored of them would look at each for each.
 */
const INSERT_SQL = `
  WITH stored AS (
    INSERT INTO qr_scan (session_id, student_id, scanned_at, outcome, code, device_hash, place, on_campus_network,
      ip_address)
    SELECT session_id, student_id, scanned_at, outcome, code, decode(device, 'hex'), place, network, ip
    FROM jsonb_to_recordset(?::jsonb) AS i (session_id uuid, student_id uuid, scanned_at timestamptz, outcome text, code text,
      device text, place text, network boolean, ip text)
    ON CONFLICT DO NOTHING RETURNING session_id, student_id, scanned_at, outcome, device_hash
  ), bound AS (
    INSERT INTO device_binding (student_id, device_hash, bound_at, bound_by, academic_period_id)
    SELECT student_id, device_hash, scanned_at, 'first_use', ${PERIOD_AT_SQL}
    FROM stored WHERE outcome <> 'refused' AND device_hash IS NOT NULL AND student_id = ANY(?::uuid[])
    ON CONFLICT DO NOTHING
  )
  INSERT INTO judgement_todo (session_id, student_id, actor)
  SELECT session_id, student_id, ?::jsonb -> (session_id || '/' || student_id) FROM stored WHERE outcome <> 'refused'
  RETURNING id, session_id, student_id`;

const TELL_SQL = `
  INSERT INTO exception_item (at, code, message, session_id, student_id, detail)
  SELECT scanned_at, code, 'A scan was refused: look at both students', session_id, student_id,
    jsonb_build_object('place', place, 'others', coalesce((
      SELECT jsonb_agg(DISTINCT jsonb_build_object('roll_number', o.roll_number, 'name', o.full_name))
      FROM student o WHERE code = 'DEVICE_ALREADY_USED' AND o.id <> input.student_id AND o.id IN (
        SELECT q.student_id FROM qr_scan q WHERE q.session_id = input.session_id
          AND q.device_hash = decode(input.device, 'hex') AND q.outcome <> 'refused'
        UNION SELECT b.student_id FROM device_binding b
        WHERE b.device_hash = decode(input.device, 'hex') AND b.ended_at IS NULL)), '[]'))
  FROM jsonb_to_recordset(?::jsonb) AS input (session_id uuid, student_id uuid, scanned_at timestamptz, code text, device text,
    place text)
  ON CONFLICT DO NOTHING`;
