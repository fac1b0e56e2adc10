import type { Clock } from '@rollcall/protocol/clock';
import type { RowDraft } from './outbox-row.js';
import type { Store } from './store.js';

/** Entries of a terminal's log, kept together with what the terminal's driver remembers, or not at all. */
export interface LogBatch {
  deviceId: string;
  /** Written whatever was kept before. */
  rows: readonly RowDraft[];
  /** Each written once, however often it comes. */
  logs: readonly { digest: Uint8Array; row: RowDraft }[];
  /** Lines that nobody understood, put aside once. */
  rejected: readonly { digest: Uint8Array; line: string; reason: string }[];
  /** What to tell of the lines that were put aside now. */
  describeRejected(lines: number, reason: string): RowDraft;
  memory: Readonly<Record<string, string>>;
}

interface Written {
  seqs: number[];
  /** Entries and lines that came for the first time. */
  fresh: number;
}

/** Writes a batch in the caller's transaction; what was kept before is left out. */
export function insertLogs(
  { store, clock }: { store: Pick<Store, 'outbox' | 'deviceState'>; clock: Clock },
  batch: LogBatch,
): Written {
  const { outbox, deviceState } = store;
  const { deviceId } = batch;
  const seqs = batch.rows.map((row) => outbox.insert(row));
  let fresh = 0;
  for (const { digest, row } of batch.logs) {
    if (!deviceState.claim(deviceId, digest)) continue;
    fresh += 1;
    seqs.push(outbox.insert(row));
  }
  const wallMs = clock.wallMs();
  const putAside = batch.rejected.filter(({ digest, line, reason }) => {
    const isNew = deviceState.claim(deviceId, digest);
    if (isNew) deviceState.putAside(deviceId, { line, reason, wallMs });
    return isNew;
  });
  const [first] = putAside;
  if (first !== undefined) seqs.push(outbox.insert(batch.describeRejected(putAside.length, first.reason)));
  for (const [name, value] of Object.entries(batch.memory)) deviceState.remember(deviceId, name, value);
  return { seqs, fresh: fresh + putAside.length };
}
