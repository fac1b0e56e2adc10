import { settingsOfClasses } from '../calendar/class-scope.js';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import { isOfClass } from '../rules/facts.js';
import type { Judged } from './judge-pairs.js';
import { pairKey } from './pair.js';
import { notePairPatterns } from './pair-patterns.js';
import type { ChangedRecord } from './save-decisions.js';
import { tellRooms } from './tell-room.js';

export interface Findings {
  judged: readonly Judged[];
  changed: readonly ChangedRecord[];
  nowMs: number;
}

interface Item {
  code: string;
  message: string;
  session_id: string;
  student_id: string;
  detail: object;
}

const ATTENDED: readonly string[] = ['present', 'late'];

/** What people have to look at, and what students are told, beside the marks themselves. */
export async function reportFindings(trx: Knex, { judged, changed, nowMs }: Findings): Promise<void> {
  const items = judged.flatMap(itemsOf);
  if (items.length > 0) await raiseItems(trx, items, nowMs);
  const strangers = judged.filter(isStranger);
  if (strangers.length > 0) await reportStrangers(trx, strangers, nowMs);
  await tellRooms(trx, judged, nowMs);
  await tellImprovements(trx, { judged, changed, nowMs });
  const final = judged.filter(
    ({ pair }) => pair.session.status === 'finalized' && pair.session.hasFingerReader,
  );
  if (final.length > 0 && changed.length > 0) {
    await notePairPatterns(trx, [...new Set(final.map(({ sessionId }) => sessionId))], nowMs);
  }
}

function itemsOf({ sessionId, studentId, decision }: Judged): Item[] {
  const { derivation, mark, reason } = decision;
  const item = (code: string, message: string, detail: object = {}): Item => ({
    code,
    message,
    session_id: sessionId,
    student_id: studentId,
    detail: { mark, reason, ...detail },
  });
  const items: Item[] = [];
  if (derivation.flags?.includes('CONFLICT') === true) {
    items.push(
      item(
        'EVIDENCE_CONFLICT',
        'A person decided against what was captured; look at both, the student can ask for a correction',
        { decisions: derivation.decisions },
      ),
    );
  }
  if (reason === 'CLASH') {
    items.push(
      item(
        'CLASH',
        'The student is on the rosters of two classes at this time; take the student off one of them',
      ),
    );
  }
  const travelled = derivation.ignored.filter(({ why }) => why === 'IMPOSSIBLE_TRAVEL');
  const isDoubted =
    derivation.flags?.includes('UNVERIFIED') === true && derivation.used.some(({ kind }) => !isOfClass(kind));
  if (travelled.length > 0 || isDoubted) {
    items.push(
      item(
        'IMPOSSIBLE_TRAVEL',
        'One student was captured in two buildings in less time than the way takes; find out who has the card and verify the student in the next class',
        { captures: [...derivation.used, ...travelled] },
      ),
    );
  }
  return items;
}

/** What a person has answered is not asked again until something about it changes. */
const RAISE_SQL = `
  WITH item AS (
    SELECT * FROM jsonb_to_recordset(?::jsonb) AS i (code text, message text, session_id uuid, student_id uuid, detail jsonb)
  ), told AS (
    INSERT INTO notification (account_id, kind, subject_id, body, created_at)
    SELECT a.id, 'impossible_travel', i.session_id || '/' || i.student_id, i.detail, ?::timestamptz
    FROM item i JOIN account a ON a.student_id = i.student_id OR a.id IN (
      SELECT account_id FROM account_role WHERE role = 'lab_technician' AND ?::timestamptz BETWEEN valid_from AND valid_to)
    WHERE i.code = 'IMPOSSIBLE_TRAVEL'
    ON CONFLICT DO NOTHING
  )
  INSERT INTO exception_item (at, code, message, session_id, student_id, detail)
  SELECT ?::timestamptz, code, message, session_id, student_id, detail FROM item
  WHERE NOT EXISTS (SELECT FROM exception_item e WHERE e.session_id = item.session_id AND e.code = item.code
    AND e.student_id = item.student_id AND e.resolved_by IS NOT NULL AND e.detail = item.detail)
  ON CONFLICT DO NOTHING`;

async function raiseItems(trx: Knex, items: readonly Item[], nowMs: number): Promise<void> {
  const now = new Date(nowMs);
  await prepared(trx, RAISE_SQL, [JSON.stringify(items), now, now, now]);
}

/** Captured as coming to a class whose roster does not name them. */
function isStranger({ decision, pair: { standing } }: Judged): boolean {
  return (
    decision.reason === 'NOT_ON_ROSTER' &&
    !standing.hasRecord &&
    decision.derivation.ignored.some(({ why }) => why === 'OUTRANKED')
  );
}

/**
 * Somebody of the class before who is still in the room is nobody's business (domain case 48); somebody who left
 * this roster, or is of another batch of the same section, may belong here (cases 38, 60).
 */
const STRANGERS_SQL = `
  INSERT INTO exception_item (at, code, message, session_id, student_id, detail)
  SELECT ?::timestamptz, 'NOT_ON_ROSTER',
    'A student who is not on the roster on this date was captured in class; put the student on it, or allow a guest',
    i.session_id, i.student_id, '{}'
  FROM unnest(?::uuid[], ?::uuid[]) AS i (session_id, student_id)
  WHERE NOT EXISTS (SELECT FROM session_guest g WHERE g.session_id = i.session_id AND g.student_id = i.student_id)
    AND EXISTS (
      SELECT FROM session_section g JOIN section own ON own.id = g.section_id
        JOIN roster_membership m ON m.student_id = i.student_id JOIN section theirs ON theirs.id = m.section_id
      WHERE g.session_id = i.session_id
        AND (m.section_id = g.section_id OR (own.parent_id IS NOT NULL AND theirs.parent_id = own.parent_id)))
  ON CONFLICT DO NOTHING`;

async function reportStrangers(trx: Knex, strangers: readonly Judged[], nowMs: number): Promise<void> {
  await prepared(trx, STRANGERS_SQL, [
    new Date(nowMs),
    strangers.map(({ sessionId }) => sessionId),
    strangers.map(({ studentId }) => studentId),
  ] as never);
}

/** A mark that evidence made better after it was shown is told once (domain case 29). */
async function tellImprovements(trx: Knex, { judged, changed, nowMs }: Findings): Promise<void> {
  const better = changed.filter(
    ({ mark, previousMark }) =>
      ATTENDED.includes(mark) &&
      (previousMark === 'absent' || (previousMark === 'late' && mark === 'present')),
  );
  if (better.length === 0) return;
  const decided = new Map(judged.map((outcome) => [pairKey(outcome), outcome.decision]));
  const byEvidence = better.filter(
    (record) => decided.get(pairKey(record))?.derivation.decisions.length === 0,
  );
  if (byEvidence.length === 0) return;
  const classes = [...new Set(byEvidence.map(({ sessionId }) => sessionId))];
  const settings = await settingsOfClasses(trx, classes, nowMs);
  const told = byEvidence.filter(
    ({ sessionId }) => settings.get(sessionId)?.SEND_ATTENDANCE_NOTIFICATIONS === true,
  );
  if (told.length === 0) return;
  const rows = told.map(({ id, sessionId, studentId, mark, previousMark }) => ({
    subject_id: id,
    student_id: studentId,
    body: { record_id: id, session_id: sessionId, from: previousMark, to: mark },
  }));
  await prepared(
    trx,
    `INSERT INTO notification (account_id, kind, subject_id, body, created_at)
     SELECT a.id, 'mark_improved', r.subject_id, r.body, ?::timestamptz
     FROM jsonb_to_recordset(?::jsonb) AS r (subject_id text, student_id uuid, body jsonb)
       JOIN account a ON a.student_id = r.student_id
     ON CONFLICT DO NOTHING`,
    [new Date(nowMs), JSON.stringify(rows)],
  );
}
