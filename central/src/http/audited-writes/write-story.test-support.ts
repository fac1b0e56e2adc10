import { expect } from 'vitest';
import type { Route } from '../route.js';
import { ROUTES } from '../routes.js';
import { isWrite, nameOf } from '../test-requests.js';
import { API, type Body, type TestServer } from '../test-server.js';

/** What stands in the audit log of one request. */
export interface StoryRow {
  entity_type: string;
  action: string;
  performed_by: string | null;
  actor_role: string | null;
  ip_address: string | null;
  user_agent: string | null;
  reason: string;
  before: Body;
  after: Body;
}

/** Why somebody asks for leave is often an illness: it is sealed, and stands in no audit row. */
const SEALED_REASONS = /\/leave-(applications|batches)\//;

const USER_AGENT = 'the-story/1';

/** For tests: writes of people, one after the other, each looked up in the audit log by the id of its request. */
export class WriteStory {
  readonly server: TestServer;
  /** By the name of the route. */
  readonly rows = new Map<string, StoryRow[]>();
  /** What it needs to know later, by its name in the campus. */
  readonly ids: Record<string, string> = {};
  #count = 0;

  constructor(server: TestServer) {
    this.server = server;
  }

  /**
   * Sends one write that must succeed; the first of a route stands for it.
   *
   * @param path from the root of the API on, or whole where it begins with `/api/`
   * @param headers who sends it; the admin where left out
   */
  async write(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Body> {
    this.#count += 1;
    const requestId = `story-${this.#count}`.padEnd(12, '-');
    const whole = path.startsWith('/api/') ? path : `${API}${path}`;
    const route = routeOf(method, whole);
    const response = await fetch(this.server.url(whole), {
      method,
      headers: {
        'content-type': 'application/json',
        'user-agent': USER_AGENT,
        'x-request-id': requestId,
        ...(headers ?? (await this.server.authorization('admin'))),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: Body = await response.json();
    expect(response.ok, `${method} ${whole}: ${response.status} ${JSON.stringify(answer)}`).toBe(true);
    const rows: StoryRow[] = await this.server.db
      .knex('attendance_audit_log')
      .where({ request_id: requestId })
      .orderBy('id')
      .select('entity_type', 'action', 'performed_by', 'actor_role', 'ip_address', 'user_agent', 'reason')
      .select('before', 'after');
    const name = nameOf(route);
    if ((this.rows.get(name) ?? []).length === 0) this.rows.set(name, rows);
    const { reason } = (body ?? {}) as { reason?: string };
    if (rows.length > 0 && reason !== undefined && !SEALED_REASONS.test(whole)) {
      expect(
        rows.map((row) => row.reason),
        `${name}: the reason that was given`,
      ).toContain(reason);
    }
    return answer;
  }

  /** The same as somebody with a role. */
  as(...[role, who]: Parameters<TestServer['authorization']>) {
    return async (method: string, path: string, body?: object): Promise<Body> =>
      this.write(method, path, body, await this.server.authorization(role, who));
  }

  asGateway(id: string) {
    const headers = { authorization: `Basic ${btoa(`${id}:secret`)}` };
    return (method: string, path: string, body?: object): Promise<Body> =>
      this.write(method, path, body, headers);
  }
}

/** What every audit row of a write says (domain case 158). */
export function expectWhole(name: string, rows: readonly StoryRow[]): void {
  expect(rows.length, `${name} left no audit row`).toBeGreaterThan(0);
  for (const row of rows) {
    expect(row.performed_by, `${name}: who`).toBeTruthy();
    if (!name.includes('/auth/')) expect(row.actor_role, `${name}: as what`).toBeTruthy();
    expect(row.ip_address, `${name}: from where`).toBeTruthy();
    expect(row.user_agent, `${name}: with what`).toBe(USER_AGENT);
  }
  expect(
    rows.some(({ before, after }) => before !== null || after !== null),
    `${name}: neither what was there before nor what is there after`,
  ).toBe(true);
}

export const WRITES: readonly Route[] = ROUTES.filter(({ contract }) => isWrite(contract));

function routeOf(method: string, path: string): Route {
  const bare = path.split('?')[0] ?? '';
  const found = WRITES.find(({ contract }) => {
    const pattern = new RegExp(`^${contract.path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
    return contract.method === method.toLowerCase() && pattern.test(bare);
  });
  if (found === undefined) throw new Error(`there is no route ${method} ${bare}`);
  return found;
}
