import type { BatchKind } from '@rollcall/protocol/batch';
import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';
import type { ClockState } from '@rollcall/protocol/punch';

/** Both clocks of one moment, as every row carries them; `seq` is given by the store. */
export type RowStamp = {
  boot_id: string;
  mono_ms: number;
  occurred_at: string;
  clock_state: ClockState;
};

/** A row on its way into the outbox: the contract of its kind without `seq`. */
export interface RowDraft {
  kind: BatchKind;
  body: RowStamp & Record<string, unknown>;
  /** Wall time at which the row was made, where that is not when it happened: an entry of a terminal's log. */
  madeAtMs?: number;
}

/** A row as it lies in the outbox. */
export interface StoredRow {
  seq: number;
  kind: BatchKind;
  /** JSON of the row without `seq`. */
  body: string;
}

export function eventRow(stamp: RowStamp, detail: GatewayEventDetail): RowDraft {
  return { kind: 'event', body: { ...stamp, detail } };
}

/** A row whose text does not parse travels as this: central quarantines it and the rows behind it pass. */
const UNREADABLE_BODY = '"unreadable":true}';

/** The row's JSON as it travels. The body is checked because one torn row would spoil its whole batch. */
export function rowJson({ seq, body }: StoredRow): string {
  const head = `{"seq":${seq},`;
  return isObjectJson(body) ? head + body.slice(1) : head + UNREADABLE_BODY;
}

/** Takes anything: on a worn disk the type of a value is a byte like any other. */
export function isObjectJson(text: unknown): text is string {
  if (typeof text !== 'string' || !text.startsWith('{"')) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Not JSON is the answer, not a failure.
    return false;
  }
}

/** The punch id in a stored body, if it has a readable one. */
export function punchIdOf(body: string | undefined): string | undefined {
  if (body === undefined || !isObjectJson(body)) return undefined;
  const id = (JSON.parse(body) as { punch_id?: unknown }).punch_id;
  return typeof id === 'string' ? id : undefined;
}
