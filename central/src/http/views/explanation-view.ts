import type { Knex } from '../../db/database.js';
import type { Log } from '../../log.js';
import { isOfClasses } from '../../marks/judge-apart.js';
import { loadSurplus } from '../../marks/load-surplus.js';
import type { Surplus } from '../../rules/decide.js';
import { byTime, type Derivation, type DerivedCapture } from '../../rules/derivation.js';
import { readPolicy } from '../../rules/policy.js';
import { FLAGS, type IgnoreReason, REASONS, type Reason } from '../../rules/reasons.js';
import { toInstant } from '../contracts/fields.js';
import type { Explanation } from '../contracts/records.js';
import { CLASS_ROOMS_COLUMN, type RoomOfClass, rightRooms, whyInWords } from './class-rooms.js';
import { RECORD_COLUMNS, RECORD_JOINS, type RecordRow, toRecordItem } from './record-view.js';
import { WAITING_FOR_COLUMN } from './session-view.js';

const HISTORY_ROWS_MAX = 50;

interface ExplainedRow extends RecordRow {
  student_id: string;
  derivation: Derivation;
  policy: unknown;
  waiting_for: string[];
  class_rooms: RoomOfClass[];
}

interface HistoryRow {
  at: Date;
  action: string;
  performed_by: string | null;
  reason: string;
  before: unknown;
  after: unknown;
}

const EXPLAINED_SQL = `
  SELECT ${RECORD_COLUMNS}, r.student_id, r.derivation, s.policy, ${WAITING_FOR_COLUMN},
    ${CLASS_ROOMS_COLUMN}
  FROM ${RECORD_JOINS}
  WHERE r.id = ?::uuid`;

interface Context {
  knex: Knex;
  log: Pick<Log, 'warn'>;
}

type EvidenceBeside = Pick<Surplus, 'captures' | 'more'>;

interface Names {
  /** `gateway/device` → name. */
  devices: Record<string, string>;
  rooms: Record<string, string>;
}

const NAMES_SQL = `
  SELECT
    (SELECT coalesce(jsonb_object_agg(gateway_id || '/' || device_id, device_name), '{}') FROM attendance_biometric_device
     WHERE (gateway_id, device_id) IN (SELECT * FROM unnest(?::text[], ?::text[]))) AS devices,
    (SELECT coalesce(jsonb_object_agg(id, name), '{}') FROM room WHERE id = ANY(?::text[])) AS rooms`;

const HISTORY_SQL = `
  SELECT at, action, performed_by, reason, before, after FROM attendance_audit_log
  WHERE entity_type = 'attendance_record' AND entity_id = ? ORDER BY id DESC LIMIT ${HISTORY_ROWS_MAX}`;

/** Undefined where there is no such record. */
export async function loadExplanation(context: Context, recordId: string): Promise<Explanation | undefined> {
  const { knex } = context;
  const [row] = (await knex.raw<{ rows: ExplainedRow[] }>(EXPLAINED_SQL, [recordId])).rows;
  if (row === undefined) return undefined;
  const history = await knex.raw<{ rows: HistoryRow[] }>(HISTORY_SQL, [recordId]);
  const { derivation } = row;
  const surplus = await surplusBeside(row, context);
  return {
    ...toRecordItem(row),
    text: REASONS[row.reason as Reason] ?? row.reason,
    rule: derivation.rule,
    rules_version: derivation.rules_version,
    policy_version: derivation.policy_id,
    limits: {
      accepted_from: derivation.limits.captures_from,
      present_until: derivation.limits.present_until,
      late_until: derivation.limits.late_until,
      closes_at: derivation.limits.captures_until,
    },
    also: (derivation.also ?? []).map((reason) => ({ reason, text: REASONS[reason] })),
    flags: (derivation.flags ?? []).map((flag) => ({ flag, text: FLAGS[flag] })),
    decisions: derivation.decisions,
    leave_id: derivation.leave_id ?? null,
    dwell_seconds: derivation.dwell_seconds ?? null,
    periods: derivation.periods ?? null,
    vocabulary: readPolicy(row.policy).mark_vocabulary,
    evidence: await loadEvidence(knex, row, surplus),
    evidence_more: derivation.ignored_more + surplus.more,
    waiting_for: row.waiting_for,
    history: history.rows.map((change) => ({ ...change, at: toInstant(change.at) })),
  };
}

/** The mark is explained also where it cannot be judged again, for another class of the student, say (ADR 74). */
async function surplusBeside(
  { derivation, session_id: sessionId, student_id: studentId }: ExplainedRow,
  { knex, log }: Context,
): Promise<EvidenceBeside> {
  return loadSurplus(knex, { sessionId, studentId }, derivation).catch((error: unknown) => {
    if (!isOfClasses(error)) throw error;
    log.warn(
      { err: error, sessionId },
      'a mark is explained without captures that changed nothing: they cannot be read',
    );
    return { captures: [], more: 0 };
  });
}

async function loadEvidence(
  knex: Knex,
  { derivation, class_rooms }: ExplainedRow,
  surplus: EvidenceBeside,
): Promise<Explanation['evidence']> {
  const ignored = [...derivation.ignored, ...surplus.captures];
  const names = await loadNames(knex, [...derivation.used, ...ignored]);
  const toEvidence = (capture: DerivedCapture, why: IgnoreReason | null): Explanation['evidence'][number] => {
    const room = capture.room_id === null ? null : (names.rooms[capture.room_id] ?? capture.room_id);
    const right = rightRooms(capture, why, class_rooms);
    return {
      punch_id: capture.punch_id,
      kind: capture.kind,
      device_id: capture.device_id,
      device_name: names.devices[`${capture.gateway_id}/${capture.device_id}`] ?? capture.device_id,
      room_id: capture.room_id,
      room_name: room,
      effective_at: capture.at,
      time_source: capture.time_source,
      used: why === null,
      why,
      why_text: why === null ? null : whyInWords(why, room, right),
      class_rooms: right,
    };
  };
  const all = [...derivation.used.map((capture) => ({ ...capture, why: null })), ...ignored];
  return all.sort(byTime).map((capture) => toEvidence(capture, capture.why));
}

async function loadNames(knex: Knex, captures: readonly DerivedCapture[]): Promise<Names> {
  const { rows } = await knex.raw<{ rows: [Names] }>(NAMES_SQL, [
    captures.map(({ gateway_id }) => gateway_id),
    captures.map(({ device_id }) => device_id),
    captures.map(({ room_id }) => room_id),
  ] as never);
  return rows[0];
}
