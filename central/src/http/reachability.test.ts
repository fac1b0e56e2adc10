import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpServer } from './server.js';
import { API, type Body, TestServer } from './test-server.js';

const PUBLIC_URL = 'https://attendance.example.edu';

interface Told {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Body;
}

describe('central behind a proxy with a name', () => {
  let server: TestServer;
  let port: number;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    server = await TestServer.start();
    const http = await createHttpServer({
      ...server.options,
      publicUrls: [PUBLIC_URL],
      trustedProxies: ['127.0.0.1'],
    });
    port = http.port;
    stop = () => http.stop();
  });
  afterAll(async () => {
    await stop?.();
    await server?.stop();
  });

  /** As the proxy: `fetch` would not let a test choose the Host header. */
  function ask(method: string, path: string, headers: Record<string, string>, body?: object): Promise<Told> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.includes('json') === true;
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: isJson ? JSON.parse(text) : text,
          });
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  const named = { host: 'attendance.example.edu' };

  it('answers under its own name and under plain addresses, and under no other name', async () => {
    for (const host of [
      'attendance.example.edu',
      'localhost:8000',
      '127.0.0.1',
      '[::1]:8000',
      '192.168.1.5:8000',
    ])
      expect([host, (await ask('GET', '/healthz', { host })).status]).toEqual([host, 200]);
    for (const host of ['evil.example', 'attendance.example.edu.evil.example', '127.0.0.1.evil.example']) {
      const { status, body } = await ask('GET', '/healthz', { host });
      expect([host, status, body.code]).toEqual([host, 403, 'FORBIDDEN']);
    }
  });

  it('takes changes from its own pages only', async () => {
    const login = (origin: string) =>
      ask(
        'POST',
        '/api/v1/auth/login/',
        { ...named, origin, 'x-forwarded-proto': 'https', 'content-type': 'application/json' },
        {
          login: 'nobody',
          password: 'a long and quiet morning',
        },
      );
    expect((await login(PUBLIC_URL)).status).toBe(401);
    expect((await login('https://evil.example')).body).toMatchObject({ code: 'FORBIDDEN' });
    expect((await login('http://attendance.example.edu')).body).toMatchObject({ code: 'FORBIDDEN' });
  });

  it('promises HTTPS, and believes its proxy about the address of the client', async () => {
    const { headers } = await ask('GET', '/healthz', { ...named, 'x-forwarded-proto': 'https' });
    expect(headers['strict-transport-security']).toContain('max-age=31536000');
    const { status } = await ask('GET', '/metrics', { ...named, 'x-forwarded-for': '203.0.113.9' });
    expect(status).toBe(403);
    expect((await ask('GET', '/metrics', named)).status).toBe(200);
  });

  it('audits a refusal with the address that the proxy names', async () => {
    const { authorization } = await server.authorization('student');
    const path = `${API}/audit-logs/`;
    const { status } = await ask('GET', path, { ...named, authorization, 'x-forwarded-for': '203.0.113.9' });
    expect(status).toBe(403);
    const [row] = await server.db.knex('attendance_audit_log').orderBy('id', 'desc').limit(1);
    expect(row.ip_address).toBe('203.0.113.9');
  });

  it('of a stranger it believes nothing', async () => {
    const direct = await createHttpServer({ ...server.options, publicUrls: [PUBLIC_URL] });
    try {
      const response = await fetch(`http://127.0.0.1:${direct.port}/metrics`, {
        headers: { 'x-forwarded-for': '203.0.113.9' },
      });
      expect(response.status).toBe(200);
    } finally {
      await direct.stop();
    }
  });
});
