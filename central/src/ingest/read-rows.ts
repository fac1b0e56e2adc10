import type { BatchKind } from '@rollcall/protocol/batch';
import { clockAnchorSchema } from '@rollcall/protocol/clock-anchor';
import type { ErrorCode } from '@rollcall/protocol/errors';
import { gatewayEventSchema } from '@rollcall/protocol/gateway-event';
import { describeIssues } from '@rollcall/protocol/parse';
import { punchSchema } from '@rollcall/protocol/punch';
import { hasUnstorableText } from './storable.js';
import type { GoodRow, IngestRow, RowIdentity } from './verified-batch.js';

/** A synced clock may run this far ahead of central's before a row is not believed (domain case 89). */
export const FUTURE_TOLERANCE_MS = 120_000;
/** Ten years in one boot: larger values would overflow the arithmetic with anchors, and no machine has them. */
const MONO_MS_MAX = 10 * 366 * 86_400_000;
const FLOAT4_MAX = 3.4e38;

const schemas = { punch: punchSchema, anchor: clockAnchorSchema, event: gatewayEventSchema } as const;

/**
 * Reads the rows of one batch one by one: a poison row becomes a row of its own kind and blocks nobody.
 *
 * @param nowMs central's clock
 */
export function readRows(
  kind: BatchKind,
  origin: { gatewayId: string; storeId: string },
  bodies: readonly ({ seq: number } & Record<string, unknown>)[],
  nowMs: number,
): IngestRow[] {
  return bodies.map((body) => {
    const identity: RowIdentity = { ...origin, seq: body.seq };
    const poison = (code: ErrorCode, problem: string): IngestRow => ({
      ...identity,
      body,
      kind: 'poison',
      sentAs: kind,
      code,
      problem,
    });
    const parsed = schemas[kind].safeParse(body);
    if (!parsed.success) return poison('ROW_INVALID', describeIssues(parsed.error));
    const good = { ...identity, body, kind, row: parsed.data } as GoodRow;
    const problem = problemOf(good);
    if (problem !== undefined) return poison('ROW_INVALID', problem);
    if (good.row.clock_state === 'synced' && Date.parse(good.row.occurred_at) > nowMs + FUTURE_TOLERANCE_MS) {
      return poison(
        'TIME_IN_FUTURE',
        `occurred_at: is more than ${FUTURE_TOLERANCE_MS / 1000} s ahead of central's clock`,
      );
    }
    return good;
  });
}

/** What the contract allows and the database cannot hold. */
function problemOf(good: GoodRow): string | undefined {
  const { row } = good;
  if (hasUnstorableText(row)) return '(document): text holds a character that cannot be stored';
  if (row.mono_ms > MONO_MS_MAX) return 'mono_ms: is longer than ten years';
  if (!isStorableTime(row.occurred_at)) return 'occurred_at: must be from 1970 on';
  if (good.kind === 'punch') {
    const { device_time: deviceTime, student } = good.row;
    if (deviceTime !== undefined && !isStorableTime(deviceTime)) return 'device_time: must be from 1970 on';
    if (Math.abs(student?.score ?? 0) > FLOAT4_MAX) return 'student.score: is too large';
  }
  if (good.kind === 'event' && good.row.detail.type === 'seq_lost') {
    const { from_seq: from, through_seq: through } = good.row.detail;
    if (from > through) return 'detail.through_seq: must not be below from_seq';
    // Only what came before can be known to be lost; a range beyond would settle rows not yet made.
    if (through >= good.row.seq) return 'detail.through_seq: must be below the seq of the event';
  }
  return undefined;
}

function isStorableTime(text: string): boolean {
  return Date.parse(text) >= 0;
}
