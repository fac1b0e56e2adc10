import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { FingerAlternative } from '../rules/facts.js';
import type { LoadedSession } from './load-sessions.js';
import type { Standing } from './load-standing.js';

interface Row {
  student_id: string;
  way: FingerAlternative;
  valid_from: string;
  valid_until: string | null;
}

/** What stands in for the finger of a student in a class; null where the student is not exempt on its date. */
export type ExemptionOf = (session: LoadedSession, standing: Standing) => FingerAlternative | null;

/** Students without usable fingers (domain case 118). Where no finger could be shown or is asked for nothing is read. */
export async function loadExemptions(
  trx: Knex,
  sessions: Iterable<LoadedSession>,
  standings: readonly Standing[],
): Promise<ExemptionOf> {
  const concerned = new Set(
    [...sessions]
      .filter(({ hasFingerReader, policy }) => hasFingerReader || policy.card_and_finger)
      .map(({ id }) => id),
  );
  const students = standings
    .filter(({ sessionId }) => concerned.has(sessionId))
    .map(({ studentId }) => studentId);
  if (students.length === 0) return () => null;
  const { rows } = await prepared<{ rows: Row[] }>(
    trx,
    'SELECT student_id, way, valid_from, valid_until FROM finger_exemption WHERE student_id = ANY(?::uuid[])',
    [[...new Set(students)] as never],
  );
  return ({ date }, { studentId }) =>
    rows.find(
      (row) =>
        row.student_id === studentId &&
        row.valid_from <= date &&
        (row.valid_until === null || date < row.valid_until),
    )?.way ?? null;
}
