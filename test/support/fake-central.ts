import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { FAKE_SCAN, type FakeAccount, fakeAccount, fakeCode } from './fake-account.js';
import { type FakeCampus, fakeExplanation, fakeRecords } from './fake-central-data.js';
import { ROOT } from './root.js';

const PAGE = join(ROOT, 'central/web/dist');
const API = '/api/v1/attendance/';
const AUTH = '/api/v1/auth/';
const TOKEN_MISSING = { status: 401, code: 'TOKEN_MISSING', detail: 'Sign in first.' };
const TOKEN_EXPIRED = { status: 401, code: 'TOKEN_EXPIRED', detail: 'Refresh the token.' };
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
/** As strict as central's: what breaks under it must break here. */
const CONTENT_SECURITY_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:";

export interface FakeProblem {
  status: number;
  code: string;
  detail: string;
}

/**
 * Serves the built page and canned answers, for the states that a healthy central never shows: nothing yet,
 * errors, answers that do not come, streams that break.
 */
export class FakeCentral {
  campus: FakeCampus;
  /** Every read answers with this instead. */
  problem: FakeProblem | undefined;
  /** Reads wait until `release` is called. */
  isHolding = false;
  /** Who is signed in; null shows the sign-in. */
  account: FakeAccount | null = fakeAccount('admin');
  /** What the sign-in answers instead of letting in. */
  signInProblem: FakeProblem | undefined;
  /** The access token has expired: everything but the refresh is refused until that was asked. */
  isTokenExpired = false;
  /** What a scan is refused with. */
  scanProblem: FakeProblem | undefined;
  /** The answer to a scan. */
  scan: object = FAKE_SCAN;
  /** The own record of the student who is signed in. */
  ownRecords: object[] = [];
  /** The stream refuses. */
  isStreamDown = false;
  readonly requests: string[] = [];
  private readonly server: Server;
  private readonly streams = new Set<ServerResponse>();
  private held: (() => void)[] = [];

  private constructor(campus: FakeCampus) {
    this.campus = campus;
    this.server = createServer((request, response) => {
      this.answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(campus: FakeCampus): Promise<FakeCentral> {
    const fake = new FakeCentral(campus);
    fake.server.listen(0, '127.0.0.1');
    await once(fake.server, 'listening');
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  get streamCount(): number {
    return this.streams.size;
  }

  send(event: string, data: unknown): void {
    for (const stream of this.streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** As when central dies: every stream breaks, new ones are refused until `isStreamDown` is reset. */
  cutStreams(): void {
    this.isStreamDown = true;
    for (const stream of this.streams) stream.destroy();
    this.streams.clear();
  }

  release(): void {
    this.isHolding = false;
    for (const go of this.held) go();
    this.held = [];
  }

  async stop(): Promise<void> {
    this.release();
    this.cutStreams();
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (pathname.startsWith(AUTH)) return this.answerSignIn(pathname.slice(AUTH.length), response);
    if (pathname.startsWith(API) && this.isTokenExpired) return sendProblem(response, TOKEN_EXPIRED);
    if (!pathname.startsWith(API)) return this.serveFile(pathname, response);
    this.requests.push(request.url ?? '');
    const path = pathname.slice(API.length);
    if (path === 'stream/') return this.openStream(response);
    if (this.isHolding) await new Promise<void>((go) => this.held.push(go));
    if (this.problem !== undefined) return sendProblem(response, this.problem);
    if (path === 'records/qr-scan/' && this.scanProblem !== undefined) {
      return sendProblem(response, this.scanProblem);
    }
    const body = this.read(path, searchParams);
    if (body === undefined)
      return sendProblem(response, { status: 404, code: 'NOT_FOUND', detail: 'Not here.' });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  private answerSignIn(path: string, response: ServerResponse): void {
    this.requests.push(AUTH + path);
    if (path === 'login/' && this.signInProblem !== undefined) {
      sendProblem(response, this.signInProblem, { 'retry-after': '240' });
      return;
    }
    if (path === 'login/') this.account ??= fakeAccount('admin');
    if (path === 'logout/') this.account = null;
    if (path === 'refresh/') this.isTokenExpired = false;
    if (path === 'change-password/' && this.account !== null) this.account.must_change_password = false;
    if (path !== 'logout/' && (this.account === null || this.isTokenExpired)) {
      sendProblem(response, this.isTokenExpired ? TOKEN_EXPIRED : TOKEN_MISSING);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(path === 'logout/' ? {} : { account: this.account }));
  }

  private read(path: string, search: URLSearchParams): unknown {
    const { campus, sessions, punches, gateways } = this.campus;
    if (path === 'campus/') return campus ?? undefined;
    if (path === 'punches/') return list(punches);
    if (path === 'gateways/') return list(gateways);
    if (path === 'sessions/') {
      return list(search.has('now') ? sessions.filter((session) => session.status === 'open') : sessions);
    }
    const [kind, id = '', what] = path.split('/');
    if (path === 'records/qr-scan/') return this.scan;
    if (path === 'records/') return list(this.ownRecords);
    if (kind === 'sessions' && what === 'qr') return fakeCode(id);
    if (kind === 'sessions' && what === 'records') return list(fakeRecords(id));
    if (kind === 'records' && what === 'explain') return fakeExplanation(id);
    return undefined;
  }

  private openStream(response: ServerResponse): void {
    if (this.isStreamDown) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  private async serveFile(pathname: string, response: ServerResponse): Promise<void> {
    const isRoute = pathname === '/' || pathname === '/scan' || pathname.startsWith('/code/');
    const name = isRoute ? 'index.html' : normalize(pathname);
    const body = await readFile(join(PAGE, name)).catch(() => undefined);
    if (body === undefined) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-security-policy': CONTENT_SECURITY_POLICY,
    });
    response.end(body);
  }
}

function list(results: unknown[]): unknown {
  return { results, next: null };
}

function sendProblem(
  response: ServerResponse,
  { status, code, detail }: FakeProblem,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/problem+json', ...headers });
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail }));
}
