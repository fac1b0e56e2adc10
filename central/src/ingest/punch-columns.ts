import type { Projection } from '@rollcall/protocol/credential-hash';
import type { Punch } from '@rollcall/protocol/punch';
import { arrayText } from '../db/array-text.js';
import { identityBindings, type PunchRow } from './verified-batch.js';

/** The evidence of a punch in the order of its columns: name, type, and where it stands on the wire. */
const EVIDENCE: readonly (readonly [string, string, (punch: Punch) => string | number | null])[] = [
  ['punch_id', 'uuid', (punch) => punch.punch_id],
  ['boot_id', 'uuid', (punch) => punch.boot_id],
  ['mono_ms', 'bigint', (punch) => punch.mono_ms],
  ['occurred_at', 'timestamptz', (punch) => punch.occurred_at],
  ['clock_state', 'text', (punch) => punch.clock_state],
  ['device_id', 'text', (punch) => punch.device_id],
  ['kind', 'text', (punch) => punch.kind],
  ['verify_method', 'text', (punch) => punch.verify_method ?? null],
  ['technology', 'text', (punch) => punch.credential?.technology ?? null],
  ['hash_full', 'bytea', (punch) => hashOf(punch, 'full')],
  ['hash_u32', 'bytea', (punch) => hashOf(punch, 'u32')],
  ['hash_w26', 'bytea', (punch) => hashOf(punch, 'w26')],
  ['claimed_student_ref', 'text', (punch) => punch.student?.student_ref ?? null],
  ['score', 'real', (punch) => punch.student?.score ?? null],
  ['finger_position', 'smallint', (punch) => punch.student?.finger_position ?? null],
  ['direction_hint', 'text', (punch) => punch.direction_hint ?? null],
  ['device_time', 'timestamptz', (punch) => punch.device_time ?? null],
  ['device_index', 'bigint', (punch) => punch.device_index ?? null],
];

export const EVIDENCE_NAMES = EVIDENCE.map(([name]) => name);
export const evidenceOf = (alias: string): string =>
  EVIDENCE_NAMES.map((name) => `${alias}.${name}`).join(', ');

/** `input`: the rows as a table, columns named as in `punch`. Takes the bindings of {@link punchColumns}. */
export const PUNCH_INPUT = `
  SELECT * FROM unnest(?::text[], ?::uuid[], ?::bigint[], ${EVIDENCE.map(([, type]) => `?::${type}[]`).join(', ')})
    WITH ORDINALITY AS t(gateway_id, store_id, seq, ${EVIDENCE_NAMES.join(', ')}, n)`;

/** One array per column: the number of rows never changes the statement. */
export function punchColumns(rows: readonly PunchRow[]): string[] {
  const evidence = EVIDENCE.map(([, , read]) => arrayText(rows.map(({ row }) => read(row))));
  return [...identityBindings(rows), ...evidence];
}

/** Hex in the form that PostgreSQL reads as bytea: shorter to pass in an array than binary. */
function hashOf(punch: Punch, projection: Projection): string | null {
  const found = punch.credential?.hashes.find((entry) => entry.projection === projection);
  return found === undefined ? null : `\\x${found.hash}`;
}
