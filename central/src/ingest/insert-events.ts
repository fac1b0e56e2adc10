import type { ErrorCode } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import { raiseAlarm } from '../devices/alarms.js';
import { applyProgress } from '../enrollment/apply-progress.js';
import { tellRefusedFinger } from '../enrollment/refused-at-terminal.js';
import { type EventRow, identityBindings } from './verified-batch.js';

/** Stores events and puts before a human what they say about lost evidence. */
export async function insertEvents(trx: Knex, rows: readonly EventRow[], at: Date): Promise<void> {
  if (rows.length === 0) return;
  await trx.raw(
    `INSERT INTO gateway_event (gateway_id, store_id, seq, occurred_at, type, detail, received_at)
     SELECT *, ?::timestamptz FROM unnest(?::text[], ?::uuid[], ?::bigint[], ?::timestamptz[], ?::text[], ?::jsonb[])
     ON CONFLICT DO NOTHING`,
    [
      at,
      ...identityBindings(rows),
      rows.map(({ row }) => row.occurred_at),
      rows.map(({ row }) => row.detail.type),
      rows.map(({ row }) => JSON.stringify(row.detail)),
    ],
  );
  for (const { gatewayId, row } of rows) {
    if (row.detail.type === 'enrollment') {
      const { enrollment_id: enrollmentId, progress } = row.detail;
      await applyProgress(trx, { gatewayId, enrollmentId, progress, at });
      continue;
    }
    if (row.detail.type === 'terminal_finger_refused') {
      await tellRefusedFinger(trx, { gatewayId, refused: row.detail, at });
      continue;
    }
    const message = messageFor(row);
    if (message === undefined) continue;
    await raiseAlarm(trx, { ...message, gatewayId, detail: inOneOrder(row.detail), at });
  }
}

/** Gateways before this told two people in the order of their scores: the same two are one item (domain case 114). */
function inOneOrder(detail: EventRow['row']['detail']): EventRow['row']['detail'] {
  if (detail.type !== 'finger_ambiguous') return detail;
  return { ...detail, student_refs: [...detail.student_refs].sort() };
}

function messageFor({
  detail,
  occurred_at: occurredAt,
}: EventRow['row']): { code: ErrorCode; message: string } | undefined {
  switch (detail.type) {
    case 'seq_lost':
      return {
        code: 'SEQ_LOST',
        message: `The gateway lost rows ${detail.from_seq} to ${detail.through_seq}: ${detail.reason}. Ask the classes of that time`,
      };
    case 'store_replaced':
      return {
        code: 'STORE_REPLACED',
        message: `The gateway's database was damaged and replaced; ${detail.lost_unacked_rows ?? 'an unknown number of'} rows may be lost. Replace its disk`,
      };
    case 'store_full':
      return {
        code: 'STORE_FULL',
        message: `The gateway's disk was full and ${detail.refused_taps} taps were refused with a red light. Free space on it`,
      };
    case 'device_changed':
    case 'enrollment':
    case 'terminal_finger_refused':
      return undefined;
    case 'log_lines_rejected':
      return {
        code: 'LOG_LINE_INVALID',
        message: `${detail.lines} lines in the log of ${detail.device_id} could not be read (${detail.reason}); they are put aside on the gateway. Look at the log in the terminal's menu`,
      };
    case 'log_gap':
      return {
        code: 'DEVICE_LOG_GAP',
        message: `Entries of ${detail.device_id} may be missing${between(detail)}: ${detail.reason}. Ask the classes of that time`,
      };
    case 'device_clock_wrong':
      return {
        code: 'DEVICE_CLOCK_WRONG',
        message: `The clock of ${detail.device_id} is ${Math.abs(Math.round(detail.offset_ms / 1_000))} s ${detail.offset_ms > 0 ? 'ahead' : 'behind'}. What it logs is corrected; set its clock and its time zone`,
      };
    case 'terminals_refused':
      return {
        code: 'TERMINAL_UNKNOWN',
        message: `${detail.calls} more calls of terminals that are not in the configuration were refused by the gateway within an hour. Somebody may be trying numbers: see who can reach its network of terminals`,
      };
    case 'finger_refused':
      return {
        code: 'FINGER_NOT_LIVE',
        message: `At ${occurredAt} ${detail.device_id} refused what was laid on it: it took it for no living finger. Nobody was marked. Ask who was there`,
      };
    case 'terminal_unknown':
      return {
        code: 'TERMINAL_UNKNOWN',
        message: `A terminal with the serial number ${detail.serial} calls the gateway from ${detail.address} and is not in its configuration. Enter it there, or find out who that is`,
      };
    case 'finger_ambiguous':
      return {
        code: 'AMBIGUOUS_MATCH',
        message: `A finger on ${detail.device_id} fits ${detail.student_refs.join(' and ')} alike, so nobody was marked. Enroll both anew, or give them cards`,
      };
  }
}

function between({ from, through }: { from: string | null; through: string | null }): string {
  if (from === null && through === null) return '';
  return ` between ${from ?? 'its beginning'} and ${through ?? 'now'}`;
}

/** The ranges that events declare lost: settled although no row will ever come. */
export function lostRanges(
  rows: readonly EventRow[],
): { gatewayId: string; storeId: string; from: number; through: number }[] {
  return rows.flatMap(({ gatewayId, storeId, row: { detail } }) =>
    detail.type === 'seq_lost'
      ? [{ gatewayId, storeId, from: detail.from_seq, through: detail.through_seq }]
      : [],
  );
}
