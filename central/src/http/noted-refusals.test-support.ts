import { WINDOW_MS } from './refusal-counts.js';
import type { TestServer } from './test-server.js';

/** For tests: how often each code stands in the audit log as refused, one by one or as a number. */
export async function notedRefusals(server: TestServer): Promise<Map<string, number>> {
  server.clock.stepWall(WINDOW_MS);
  // Whatever is refused next writes what was counted before it.
  await fetch(server.url('/healthz'), { method: 'POST' });
  const rows = await server.db
    .knex('attendance_audit_log')
    .whereIn('action', ['refused', 'login_refused', 'refused_repeatedly'])
    .select<{ action: string; reason: string; after: { times?: Record<string, number> } | null }[]>(
      'action',
      'reason',
      'after',
    );
  const noted = new Map<string, number>();
  const add = (code: string, times: number): void => void noted.set(code, (noted.get(code) ?? 0) + times);
  for (const { action, reason, after } of rows) {
    if (action === 'refused_repeatedly') {
      for (const [code, times] of Object.entries(after?.times ?? {})) add(code, times);
    } else add(reason, 1);
  }
  noted.delete('METHOD_NOT_ALLOWED');
  return noted;
}
