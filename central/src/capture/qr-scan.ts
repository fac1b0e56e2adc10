import { RollcallError } from '@rollcall/protocol/errors';
import { isDatabaseTransient, isRolledBack } from '../db/connection.js';
import type { Knex } from '../db/database.js';
import { findByIndex, prepared } from '../db/prepared.js';
import { joinPairs, loadDependents } from '../marks/dependents.js';
import { type HeldPair, holdAndLoad, judgeLoaded } from '../marks/judge-pairs.js';
import { type Pair, pairKey } from '../marks/pair.js';
import type { ChangedRecord } from '../marks/save-decisions.js';
import type { Mark } from '../rules/facts.js';
import { loadStandings, type Standing } from './qr-standing.js';
import { type Scan, type Verdict, verdictOn } from './qr-verdict.js';
import { storeScans } from './store-scans.js';

/** Scans that are committed together; what arrives meanwhile waits for the next commit. */
const BATCH_SCANS_MAX = 250;
/** Transactions at once: while one waits for PostgreSQL, others use the processor here. */
const BATCHES_MAX = 3;
/** Fewer than this are not shared out between them, since each has a price of its own; nor are those of one class. */
const SHARED_SCANS_MIN = 32;
/** What one more transaction beside another is worth; fewer wait for one to end. */
const BESIDE_SCANS_MIN = 8;
/** More than this is waiting: central is far behind, and a student who is told so scans again. */
const WAITING_SCANS_MAX = 20_000;

export interface Scanned {
  sessionId: string;
  course: { code: string; title: string };
  room: { id: string; name: string };
  mark: Mark;
  markedAt: Date | null;
  alreadyRecorded: boolean;
  isVerified: boolean;
}

export interface ScanQueue {
  /** @throws RollcallError with the code of the refusal (domain cases 98–111) */
  scan(scan: Scan): Promise<Scanned>;
}

interface Waiting {
  scan: Scan;
  resolve(scanned: Scanned): void;
  reject(error: unknown): void;
}

/**
 * Scans that arrive together are checked, stored and judged together: one transaction of a fixed number of
 * statements, however many there are. Some go on at once, of different classes, students and phones, so that none
 * waits for rows of another; who came first stays first.
 */
export function createScanQueue(knex: Knex): ScanQueue {
  let waiting: Waiting[] = [];
  /** Classes, students and phones of the batches that are running. */
  const busy = new Set<string>();
  let running = 0;
  /** Scans that might go, for all that is known: a long queue is not searched anew for each that arrives. */
  let untried = 0;
  let isWoken = false;

  async function take(batch: readonly Waiting[]): Promise<void> {
    const scans = batch.map(({ scan }) => scan);
    const answers = await takeBatch(knex, scans);
    for (const [index, one] of batch.entries()) {
      const answer = answers[index] as Scanned | RollcallError;
      if (answer instanceof RollcallError) one.reject(answer);
      else one.resolve(answer);
    }
  }

  /** A deadlock is over at the second try; a scan that can never be stored must fail alone. */
  async function takeOrSplit(batch: readonly Waiting[]): Promise<void> {
    try {
      await take(batch).catch(() => take(batch));
    } catch (error) {
      const isAway = isDatabaseTransient(error) && !isRolledBack(error);
      if (batch.length > 1 && !isAway) for (const one of batch) await takeOrSplit([one]);
      else for (const one of batch) one.reject(error);
    }
  }

  /**
   * In order of arrival, without what a running batch is busy with, and without whom somebody stands before: of two
   * students with one phone the second one's batch sees what became of the first (domain case 104).
   */
  function nextBatch(): Waiting[] {
    const batch: Waiting[] = [];
    const left: Waiting[] = [];
    const before = new Set(busy);
    const ownerOf = new Map<string, string>();
    const classes = new Set<string>();
    // All in one would leave the processor to PostgreSQL or to those who ask, and never to both.
    const share = Math.ceil(waiting.length / (BATCHES_MAX - running));
    const scansMax = Math.min(BATCH_SCANS_MAX, Math.max(SHARED_SCANS_MIN, share));
    for (const one of waiting) {
      const { sessionId, studentId, deviceHash } = one.scan;
      const isSecond = (ownerOf.get(deviceHash) ?? studentId) !== studentId;
      const isBehind = busy.has(sessionId) || before.has(studentId) || before.has(deviceHash) || isSecond;
      // Of a class that is taken nobody else can go meanwhile.
      const most = classes.has(sessionId) ? BATCH_SCANS_MAX : scansMax;
      if (!isBehind && batch.length < most) {
        batch.push(one);
        classes.add(sessionId);
        ownerOf.set(deviceHash, studentId);
      } else {
        left.push(one);
        before.add(studentId).add(deviceHash);
      }
    }
    const isWorthIt = batch.length >= (running === 0 ? 1 : BESIDE_SCANS_MIN);
    untried = isWorthIt ? left.length : batch.length;
    if (!isWorthIt) return [];
    waiting = left;
    return batch;
  }

  function startBatches(): void {
    isWoken = false;
    while (running === 0 || (running < BATCHES_MAX && untried >= BESIDE_SCANS_MIN)) {
      const batch = nextBatch();
      if (batch.length === 0) return;
      const keys = batch.flatMap(({ scan }) => [scan.sessionId, scan.studentId, scan.deviceHash]);
      for (const key of keys) busy.add(key);
      running += 1;
      void takeOrSplit(batch).finally(() => {
        for (const key of keys) busy.delete(key);
        running -= 1;
        untried = waiting.length;
        startBatches();
      });
    }
  }

  return {
    scan(scan) {
      if (waiting.length >= WAITING_SCANS_MAX) {
        return Promise.reject(
          new RollcallError('OVERLOADED', 'Too many scans at once; scan again in a few seconds'),
        );
      }
      return new Promise((resolve, reject) => {
        waiting.push({ scan, resolve, reject });
        untried += 1;
        // All that have arrived in this turn of the loop go together.
        if (isWoken) return;
        isWoken = true;
        setImmediate(startBatches);
      });
    },
  };
}

async function takeBatch(knex: Knex, scans: readonly Scan[]): Promise<(Scanned | RollcallError)[]> {
  const nowMs = Math.max(...scans.map(({ atMs }) => atMs));
  return knex.transaction(async (trx) => {
    await findByIndex(trx);
    const [standings, dependents] = await Promise.all([
      loadStandings(trx, scans),
      loadDependents(trx, scans),
    ]);
    const seen = new Set<string>();
    const verdicts = scans.map((scan, index): Verdict => {
      const verdict = verdictOn(scan, standings[index]);
      // The same student twice in one batch: the second is told what the first did.
      const key = `${scan.sessionId}/${scan.studentId}`;
      if (verdict.kind === 'taken' && seen.has(key)) return { kind: 'recorded' };
      if (verdict.kind === 'taken') seen.add(key);
      return verdict;
    });
    const { stored, loaded } = await storeAndLoad(trx, scans, { verdicts, dependents, nowMs });
    const actors = new Map(stored.map(({ studentId, actor }) => [studentId, actor]));
    const changed = loaded.length === 0 ? [] : await judgeLoaded(trx, loaded, nowMs, actors);
    const records = new Map<string, MarkNow>(changed.map((record) => [pairKey(record), record]));
    const unknown = scans.filter(
      (scan, index) => verdicts[index]?.kind !== 'refused' && !records.has(pairKey(scan)),
    );
    for (const record of await marksOf(trx, unknown)) records.set(pairKey(record), record);
    return scans.map((scan, index) =>
      answerTo(verdicts[index] as Verdict, standings[index], records.get(pairKey(scan)), scan),
    );
  });
}

interface Judgement {
  verdicts: Verdict[];
  dependents: readonly Pair[];
  nowMs: number;
}

/**
 * Stores the scans and reads what their marks depend on, sent together: what is read includes what is stored. A scan that lost a
 * race has changed nothing that a mark depends on.
 */
async function storeAndLoad(
  trx: Knex,
  scans: readonly Scan[],
  { verdicts, dependents, nowMs }: Judgement,
): Promise<{ stored: Scan[]; loaded: HeldPair[] }> {
  const taken = scans.filter((_scan, index) => verdicts[index]?.kind === 'taken');
  const students = new Set(taken.map(({ studentId }) => studentId));
  const pairs = joinPairs(
    taken.map(({ sessionId, studentId }) => ({ sessionId, studentId })),
    dependents.filter(({ studentId }) => students.has(studentId)),
  );
  const [indexes, loaded] = await Promise.all([
    storeScans(trx, scans, verdicts, nowMs),
    pairs.length === 0 ? [] : holdAndLoad(trx, pairs),
  ]);
  const stored = scans.filter((_scan, index) => indexes.has(index));
  if (stored.length === taken.length) return { stored, loaded };
  const storedStudents = new Set(stored.map(({ studentId }) => studentId));
  return { stored, loaded: loaded.filter(({ studentId }) => storedStudents.has(studentId)) };
}

type MarkNow = Pick<ChangedRecord, 'sessionId' | 'studentId' | 'mark' | 'markedAt'>;

/** Marks that these scans have not changed. */
async function marksOf(trx: Knex, pairs: readonly Pair[]): Promise<MarkNow[]> {
  if (pairs.length === 0) return [];
  const { rows } = await prepared<{
    rows: { session_id: string; student_id: string; mark: Mark; marked_at: Date | null }[];
  }>(
    trx,
    `SELECT p.session_id, p.student_id, r.mark, r.marked_at FROM unnest(?::uuid[], ?::uuid[]) AS p (session_id, student_id)
       CROSS JOIN LATERAL (
         SELECT mark, marked_at FROM attendance_record WHERE session_id = p.session_id AND student_id = p.student_id OFFSET 0
       ) r`,
    [pairs.map(({ sessionId }) => sessionId) as never, pairs.map(({ studentId }) => studentId) as never],
  );
  return rows.map((row) => ({
    sessionId: row.session_id,
    studentId: row.student_id,
    mark: row.mark,
    markedAt: row.marked_at,
  }));
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
