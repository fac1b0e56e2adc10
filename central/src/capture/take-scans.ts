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
  /** When the scan that counts was taken: this one, or the earlier one. Null where a mark is there without any. */
  recordedAt: Date | null;
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
  const firstOf = new Map<string, number>();
  const repeats: { index: number; first: number }[] = [];
  const verdicts = scans.map((scan, index): Verdict => {
    const verdict = verdictOn(scan, standings[index]);
    if (verdict.kind !== 'taken') return verdict;
    // The same student twice in one batch: the second is told what the first did.
    const first = firstOf.get(pairKey(scan));
    if (first !== undefined) {
      repeats.push({ index, first });
      return { kind: 'recorded', at: new Date((scans[first] as Scan).atMs) };
    }
    firstOf.set(pairKey(scan), index);
    return verdict;
  });
  const queued = await storeScans(knex, scans, verdicts);
  const alone: number[] = [];
  for (const { index, first } of repeats) {
    const verdict = verdicts[first] as Verdict;
    // Another replica's scan of the same student came first.
    if (verdict.kind === 'recorded') verdicts[index] = verdict;
    // The first lost a race for its phone, and nothing is recorded: the next may be of another phone.
    if (verdict.kind === 'refused') alone.push(index);
  }
  if (alone.length > 0) {
    const again = await takeScans(
      knex,
      alone.map((index) => scans[index] as Scan),
    );
    for (const [position, index] of alone.entries()) {
      standings[index] = again.standings[position];
      verdicts[index] = again.verdicts[position] as Verdict;
    }
    queued.push(...again.queued);
  }
  return { scans, standings, verdicts, queued };
}

/** Which of the scans are judged by now, for all that is known. */
export type Judged = 'all' | 'some' | 'none';

/** Neither did anybody have before they scanned: whoever has it by now has it by the scan. */
const BY_SCANS: ReadonlySet<Mark | undefined> = new Set(['present', 'late']);

/**
 * The marks of earlier scans are told, and those of these scans as far as they are known.
 *
 * @returns one for each scan
 */
export async function answersTo(
  knex: Knex,
  { scans, standings, verdicts }: TakenScans,
  judged: Judged,
): Promise<(Scanned | RollcallError)[]> {
  const isTold = ({ kind }: Verdict): boolean =>
    kind === 'recorded' || (kind === 'taken' && judged !== 'none');
  const marks = await marksOf(
    knex,
    scans.filter((_scan, index) => isTold(verdicts[index] as Verdict)),
  );
  return scans.map((scan, index) => {
    const verdict = verdicts[index] as Verdict;
    const now = marks.get(pairKey(scan));
    const isOld = verdict.kind === 'taken' && judged === 'some' && !BY_SCANS.has(now?.mark);
    return answerTo(verdict, standings[index], isOld ? undefined : now, scan);
  });
}

/** To scans that are stored, where nothing more can be read about them just now. */
export const receiptsOf = ({ scans, standings, verdicts }: TakenScans): (Scanned | RollcallError)[] =>
  scans.map((scan, index) => answerTo(verdicts[index] as Verdict, standings[index], undefined, scan));

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
  { sessionId, atMs }: Scan,
): Scanned | RollcallError {
  if (verdict.kind === 'refused') return new RollcallError(verdict.code, verdict.message);
  return {
    sessionId,
    course: { code: standing?.course_code ?? '', title: standing?.course_title ?? '' },
    room: { id: standing?.room_id ?? '', name: standing?.room_name ?? '' },
    mark: record?.mark ?? 'pending',
    markedAt: record?.markedAt ?? null,
    alreadyRecorded: verdict.kind === 'recorded',
    recordedAt: verdict.kind === 'recorded' ? verdict.at : new Date(atMs),
    isVerified: verdict.kind === 'recorded' || verdict.isVerified,
  };
}
