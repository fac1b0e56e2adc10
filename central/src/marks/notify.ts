import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { Mark } from '../rules/facts.js';

export const JUDGE_CHANNEL = 'rollcall_judge';
export const LIVE_CHANNEL = 'rollcall_live';

/** PostgreSQL refuses 8,000 bytes: 120 ids, each with the longest mark that it can have had, are 6,800. */
export const IDS_PER_NOTIFICATION_MAX = 120;

export type LiveNotice =
  | { type: 'session' | 'gateway' | 'punch' | 'enrollment'; ids: readonly string[] }
  /** `previous` has the mark that each record had before, null for a new one. */
  | { type: 'record'; ids: readonly string[]; previous: readonly (Mark | null)[] };

/** Tells every replica, when the transaction commits, what its pages should show anew. */
export async function notifyLive(trx: Knex, ...notices: readonly LiveNotice[]): Promise<void> {
  await prepared(trx, 'SELECT pg_notify(?, payload) FROM unnest(?::text[]) AS payload', [
    LIVE_CHANNEL,
    notices.flatMap(payloadsOf),
  ]);
}

function payloadsOf(notice: LiveNotice): string[] {
  const payloads: string[] = [];
  for (let start = 0; start < notice.ids.length; start += IDS_PER_NOTIFICATION_MAX) {
    const end = start + IDS_PER_NOTIFICATION_MAX;
    const part = notice.type === 'record' ? { previous: notice.previous.slice(start, end) } : {};
    payloads.push(JSON.stringify({ type: notice.type, ids: notice.ids.slice(start, end), ...part }));
  }
  return payloads;
}

/** Wakes the judges when the transaction commits. */
export async function wakeJudge(trx: Knex): Promise<void> {
  await prepared(trx, "SELECT pg_notify(?, '')", [JUDGE_CHANNEL]);
}
