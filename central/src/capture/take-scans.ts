import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { type Pair, pairKey } from '../marks/pair.js';
import type { Mark } from '../rules/facts.js';
import { loadStandings, type Standing } from './qr-standing.js';
import { type Scan, type Verdict, verdictOn } from './qr-verdict.js';
import { storeScans } from './store-scans.js';

export interface Scanned {
  sessionId: string;
  course: { code: string; title: string };
  room: { id: string; name: string };
  /** `pending` of a scan that is stored and not judged yet. */
  mark: Mark;
  markedAt: Date | null;
  alreadyRecorded: boolean;
  isVerified: boolean;
}

/** Stored, or refused with the reason, and not judged yet. */
export interface TakenScans {
  scans: readonly Scan[];
  standings: readonly (Standing | undefined)[];
  verdicts: readonly Verdict[];
  /** Rows of the judge's queue that the scans made. */
  queued: number[];
}

/**
 * Checks scans and stores them: two statements, however many scans there are, and nothing is held that others wait for. A scan is evidence
 * like a tap; its mark is the judge's.
 *
 * @param knex of connections that plan by index
 */
export async function takeScans(knex: Knex, scans: readonly Scan[]): Promise<TakenScans> {
  const standings = await loadStandings(knex, scans);
  const seen = new Set<string>();
  const verdicts = scans.map((scan, index): Verdict => {
    const verdict = verdictOn(scan, standings[index]);
    if (verdict.kind !== 'taken') return verdict;
    // The same student twice in one batch: the second is told what the first did.
    const key = pairKey(scan);
    if (seen.has(key)) return { kind: 'recorded' };
    seen.add(key);
    return verdict;
  });
  const queued = await storeScans(knex, scans, verdicts);
  return { scans, standings, verdicts, queued };
}

/**
 * @param isJudged whether the marks of these scans are known; those of earlier ones are
 * @returns one for each scan
 */
export async function answersTo(
  knex: Knex,
  { scans, standings, verdicts }: TakenScans,
  isJudged: boolean,
): Promise<(Scanned | RollcallError)[]> {
  const marks = await marksOf(
    knex,
    scans.filter((_scan, index) => {
      const kind = verdicts[index]?.kind;
      return kind === 'recorded' || (kind === 'taken' && isJudged);
    }),
  );
  return scans.map((scan, index) =>
    answerTo(verdicts[index] as Verdict, standings[index], marks.get(pairKey(scan)), scan),
  );
}

interface MarkNow {
  mark: Mark;
  markedAt: Date | null;
}

/** By pair. */
async function marksOf(knex: Knex, pairs: readonly Pair[]): Promise<Map<string, MarkNow>> {
  if (pairs.length === 0) return new Map();
  const { rows } = await prepared<{
    rows: { session_id: string; student_id: string; mark: Mark; marked_at: Date | null }[];
  }>(
    knex,
    `SELECT p.session_id, p.student_id, r.mark, r.marked_at FROM unnest(?::uuid[], ?::uuid[]) AS p (session_id, student_id)
       CROSS JOIN LATERAL (
         SELECT mark, marked_at FROM attendance_record WHERE session_id = p.session_id AND student_id = p.student_id OFFSET 0
       ) r`,
    [pairs.map(({ sessionId }) => sessionId) as never, pairs.map(({ studentId }) => studentId) as never],
  );
  return new Map(
    rows.map(({ session_id: sessionId, student_id: studentId, mark, marked_at: markedAt }) => [
      pairKey({ sessionId, studentId }),
      { mark, markedAt },
    ]),
  );
}

function answerTo(
  verdict: Verdict,
  standing: Standing | undefined,
  record: MarkNow | undefined,
  { sessionId }: Scan,
): Scanned | RollcallError {
  if (verdict.kind === 'refused') return new RollcallError(verdict.code, verdict.message);
  return {
    sessionId,
    course: { code: standing?.course_code ?? '', title: standing?.course_title ?? '' },
    room: { id: standing?.room_id ?? '', name: standing?.room_name ?? '' },
    mark: record?.mark ?? 'pending',
    markedAt: record?.markedAt ?? null,
    alreadyRecorded: verdict.kind === 'recorded',
    isVerified: verdict.kind === 'recorded' || verdict.isVerified,
  };
}
