import type { BatchKind } from '@rollcall/protocol/batch';
import type { ErrorCode } from '@rollcall/protocol/errors';
import type { Body, TestServer } from '../http/test-server.js';
import { silentLog } from '../log.js';
import { commitRows } from './commit-rows.js';
import { createQuarantinedMessages } from './quarantine-messages.js';
import type { IngestRow, RowIdentity } from './verified-batch.js';
import type { IncomingBatch } from './verify-batch.js';

export type SentRow = { seq: number } & Record<string, unknown>;

/** What a central does that does not know something in these rows: it keeps them whole, and they are settled. */
export async function keepAsOlder(
  { db, clock }: TestServer,
  { id: gatewayId, storeId }: { id: string } & Pick<RowIdentity, 'storeId'>,
  kind: BatchKind,
  ...bodies: SentRow[]
): Promise<void> {
  const rows = bodies.map(
    (body): IngestRow => ({
      ...{ gatewayId, storeId, seq: body.seq, body, sentAs: kind },
      kind: 'poison',
      code: 'ROW_INVALID',
      problem: 'student: Unrecognized key: "finger_position"',
    }),
  );
  await commitRows(db, rows, new Date(clock.wallMs()));
}

/** The whole message, as a central keeps it that does not speak its version or know a member of its envelope. */
export async function refuseAsOlder(
  { db, clock }: TestServer,
  code: ErrorCode,
  { topic, gatewayId, payload }: IncomingBatch,
): Promise<void> {
  await createQuarantinedMessages({ db, clock, log: silentLog }).keep({
    ...{ topic, gatewayId, payload, code },
    problem: 'v: 2',
  });
}

/** What is kept in quarantine. */
export const keptRows = ({ db }: TestServer): Promise<Body[]> =>
  db.knex('quarantine_row').orderBy('seq').select('seq', 'code', 'problem', 'resolved_at', 'read_by');

/** What became evidence of a store. */
export const punchesOf = ({ db }: TestServer, storeId: string): Promise<Body[]> =>
  db.knex('punch').where({ store_id: storeId }).orderBy('seq').select('seq', 'punch_id');

export const auditedReadings = ({ db }: TestServer): Promise<Body[]> =>
  db.knex('attendance_audit_log').where({ action: 'read_again' }).orderBy('id').select();
