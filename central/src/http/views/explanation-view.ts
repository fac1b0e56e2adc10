import type { Knex } from '../../db/database.js';
import type { Derivation, DerivedCapture } from '../../rules/derivation.js';
import { readPolicy } from '../../rules/policy.js';
import { FLAGS, type IgnoreReason, REASONS, type Reason } from '../../rules/reasons.js';
import { toInstant } from '../contracts/fields.js';
import type { Explanation } from '../contracts/records.js';
import { CLASS_ROOMS_COLUMN, type RoomOfClass, rightRooms, whyInWords } from './class-rooms.js';
import { RECORD_COLUMNS, RECORD_JOINS, type RecordRow, toRecordItem } from './record-view.js';
import { WAITING_FOR_COLUMN } from './session-view.js';

const HISTORY_ROWS_MAX = 50;

interface ExplainedRow extends RecordRow {
  derivation: Derivation;
  policy: unknown;
  waiting_for: string[];
  /** `gateway/device` → name. */
  device_names: Record<string, string>;
  room_names: Record<string, string>;
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
  SELECT ${RECORD_COLUMNS}, r.derivation, s.policy, ${WAITING_FOR_COLUMN},
    (SELECT coalesce(jsonb_object_agg(d.gateway_id || '/' || d.device_id, d.device_name), '{}')
     FROM attendance_biometric_device d WHERE (d.gateway_id, d.device_id) IN (
       SELECT c->>'gateway_id', c->>'device_id' FROM jsonb_array_elements(r.derivation->'used' || (r.derivation->'ignored')) c)
    ) AS device_names,
    (SELECT coalesce(jsonb_object_agg(room.id, room.name), '{}') FROM room WHERE room.id IN (
       SELECT c->>'room_id' FROM jsonb_array_elements(r.derivation->'used' || (r.derivation->'ignored')) c)) AS room_names,
    ${CLASS_ROOMS_COLUMN}
  FROM ${RECORD_JOINS}
  WHERE r.id = ?::uuid`;

const HISTORY_SQL = `
  SELECT at, action, performed_by, reason, before, after FROM attendance_audit_log
  WHERE entity_type = 'attendance_record' AND entity_id = ? ORDER BY id DESC LIMIT ${HISTORY_ROWS_MAX}`;

/** Undefined where there is no such record. */
export async function loadExplanation(knex: Knex, recordId: string): Promise<Explanation | undefined> {
  const [row] = (await knex.raw<{ rows: ExplainedRow[] }>(EXPLAINED_SQL, [recordId])).rows;
  if (row === undefined) return undefined;
  const history = await knex.raw<{ rows: HistoryRow[] }>(HISTORY_SQL, [recordId]);
  const { derivation } = row;
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
    evidence: evidenceOf(row),
    evidence_more: derivation.ignored_more,
    waiting_for: row.waiting_for,
    history: history.rows.map((change) => ({ ...change, at: toInstant(change.at) })),
  };
}

function evidenceOf(row: ExplainedRow): Explanation['evidence'] {
  const { derivation, device_names, room_names, class_rooms } = row;
  const toEvidence = (capture: DerivedCapture, why: IgnoreReason | null): Explanation['evidence'][number] => {
    const room = capture.room_id === null ? null : (room_names[capture.room_id] ?? capture.room_id);
    const right = rightRooms(capture, why, class_rooms);
    return {
      punch_id: capture.punch_id,
      kind: capture.kind,
      device_id: capture.device_id,
      device_name: device_names[`${capture.gateway_id}/${capture.device_id}`] ?? capture.device_id,
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
  const all = [
    ...derivation.used.map((capture) => toEvidence(capture, null)),
    ...derivation.ignored.map((capture) => toEvidence(capture, capture.why)),
  ];
  // Captures without a time come last.
  return all.sort((a, b) => (a.effective_at ?? '~').localeCompare(b.effective_at ?? '~'));
}
