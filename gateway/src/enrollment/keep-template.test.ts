import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterEach, describe, expect, it } from 'vitest';
import { createTemplateSeal } from '../identify/template-seal.js';
import { createKeepTemplate, type TakenFinger } from './keep-template.js';
import { type CentralAccess, type JsonRequest, sendJson } from './send-json.js';

const seal = createTemplateSeal(Buffer.alloc(32, 4));
const finger: TakenFinger = {
  enrollmentId: '00000000-0000-4000-8000-000000000001',
  studentRef: '24B81A0501',
  fingerPosition: 2,
  format: 'rollcall-1',
  record: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
  quality: 72,
};
const access: CentralAccess = {
  gatewayId: 'gw-a',
  centralUrl: 'http://127.0.0.1:1',
  password: 'secret',
  ca: undefined,
};
const never = new AbortController().signal;

describe('a template on its way to central', () => {
  it('is sealed for its place, and sent again under the same id until central has it', async () => {
    const clock = new ManualClock();
    const sent: JsonRequest[] = [];
    const keep = createKeepTemplate({
      seal,
      clock,
      access,
      send: async (_access, request) => {
        sent.push(request);
        if (sent.length < 3) throw new RollcallError('LINK_DOWN', 'away');
        return {};
      },
    });
    const keeping = keep(finger, never);
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(3_000);
    }
    const template_id = await keeping;
    expect(new Set(sent.map(({ path }) => path))).toEqual(new Set([`templates/${template_id}/`]));
    const body = sent[2]?.body as Record<string, string>;
    expect(body).toMatchObject({ enrollment: finger.enrollmentId, quality_score: 0.72 });
    expect(JSON.stringify(body)).not.toContain(Buffer.from(finger.record).toString('base64').slice(0, 8));
    const place = { template_id, student_ref: '24B81A0501', finger_position: 2, format: 'rollcall-1' };
    expect(seal.open(Buffer.from(body['sealed'] ?? '', 'base64'), place)).toEqual(Buffer.from(finger.record));
  });

  it('is given up when central refuses it', async () => {
    let tries = 0;
    const keep = createKeepTemplate({
      seal,
      clock: new ManualClock(),
      access,
      send: () => {
        tries += 1;
        return Promise.reject(new RollcallError('ENROLLMENT_ENDED', 'over'));
      },
    });
    await expect(keep(finger, never)).rejects.toThrow(/ENROLLMENT_ENDED/);
    expect(tries).toBe(1);
  });
});

describe('a document sent to central', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  async function answering(status: number, text: string): Promise<CentralAccess> {
    const started = createServer((_request, response) => {
      response.writeHead(status).end(text);
    });
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    return { ...access, centralUrl: `http://127.0.0.1:${(started.address() as AddressInfo).port}` };
  }
  const put = (to: CentralAccess) =>
    sendJson(to, { method: 'PUT', path: 'templates/x/', body: {}, signal: never });

  it.each<[string, number, string, RegExp]>([
    ['its own code', 409, '{"code":"CONSENT_MISSING","detail":"Ask again"}', /Ask again \(CONSENT_MISSING\)/],
    ['a code that it does not know', 409, '{"code":"NEW_THING"}', /LINK_DOWN/],
    ['a failure of central', 500, '{"code":"INTERNAL"}', /LINK_DOWN/],
    ['the page of a proxy', 200, '<html>', /LINK_DOWN/],
    ['a refused login', 401, '{"code":"UNAUTHENTICATED"}', /LINK_AUTH/],
    ['an endless answer', 200, `"${'x'.repeat(70_000)}"`, /LINK_DOWN/],
  ])('fails with a typed error on %s', async (_what, status, text, error) => {
    await expect(put(await answering(status, text))).rejects.toThrow(error);
  });

  it('gives the answer, or what ended it', async () => {
    expect(await put(await answering(201, '{"enrollment":"x"}'))).toEqual({ enrollment: 'x' });
    await expect(put(access)).rejects.toThrow(/LINK_DOWN/);
    const stopped = new AbortController();
    stopped.abort(new RollcallError('ENROLLMENT_ABORTED', 'stopped'));
    const given = { method: 'PUT', path: 'x/', body: {}, signal: stopped.signal } as const;
    await expect(sendJson(access, given)).rejects.toThrow(/ENROLLMENT_ABORTED/);
  });
});
