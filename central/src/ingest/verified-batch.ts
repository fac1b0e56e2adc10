import type { BatchKind } from '@rollcall/protocol/batch';
import type { ClockAnchor } from '@rollcall/protocol/clock-anchor';
import type { ErrorCode } from '@rollcall/protocol/errors';
import type { GatewayEvent } from '@rollcall/protocol/gateway-event';
import type { Punch } from '@rollcall/protocol/punch';
import { arrayText } from '../db/array-text.js';

/** Where a row stands: its identity (design §5). */
export interface RowIdentity {
  gatewayId: string;
  /** Lower case, as PostgreSQL writes UUIDs. */
  storeId: string;
  seq: number;
}

interface RowBase extends RowIdentity {
  /** As it was sent, for quarantine. */
  body: unknown;
}

export interface PunchRow extends RowBase {
  kind: 'punch';
  row: Punch;
}
export interface AnchorRow extends RowBase {
  kind: 'anchor';
  row: ClockAnchor;
}
export interface EventRow extends RowBase {
  kind: 'event';
  row: GatewayEvent;
}
/** A row of a genuine batch that cannot become evidence: settled in quarantine. */
export interface PoisonRow extends RowBase {
  kind: 'poison';
  sentAs: BatchKind;
  code: ErrorCode;
  problem: string;
}

export type GoodRow = PunchRow | AnchorRow | EventRow;
export type IngestRow = GoodRow | PoisonRow;

/** A batch whose signature is good and whose envelope fits; its rows may still be poison. */
export interface VerifiedBatch {
  gatewayId: string;
  storeId: string;
  rows: IngestRow[];
  /** Size on the wire, for the bound on what waits. */
  bytes: number;
}

export const keyOf = ({ gatewayId, storeId, seq }: RowIdentity): string => `${gatewayId}/${storeId}/${seq}`;

/** Columns of identities for `unnest($1::text[], $2::uuid[], $3::bigint[])`. */
export function identityColumns(rows: readonly RowIdentity[]): [string[], string[], number[]] {
  return [rows.map((row) => row.gatewayId), rows.map((row) => row.storeId), rows.map((row) => row.seq)];
}

/** As {@link identityColumns}, in the form that costs the driver nothing. */
export const identityBindings = (rows: readonly RowIdentity[]): string[] =>
  identityColumns(rows).map(arrayText);

export const IDENTITY_UNNEST = 'unnest(?::text[], ?::uuid[], ?::bigint[])';
