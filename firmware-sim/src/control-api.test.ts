import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControlApi } from './control-api.js';
import { DeviceBench } from './devices/device-bench.test-support.js';
import { withChecksum } from './devices/line-checksum.js';

let bench: DeviceBench;
let api: ControlApi;
let base: string;

beforeEach(async () => {
  bench = new DeviceBench('line');
  api = new ControlApi([bench.device]);
  base = `http://127.0.0.1:${await api.listen(0)}`;
});
afterEach(async () => {
  await api.close();
  await bench.stop();
});

async function call(path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(base + path, { method, ...(method === 'GET' ? {} : { body: text ?? '' }) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the control API', () => {
  it('shows every device with its lights and its bytes', async () => {
    const host = await bench.start();
    const light = bench.next('light');
    host.write(`${withChecksum('LED,1,300')}\n`);
    await light;
    const { status, body } = await call('/devices');
    expect(status).toBe(200);
    expect(body['devices']).toMatchObject([
      {
        id: 'bench',
        driver: 'line',
        plugged: true,
        host_open: true,
        lights: { green: 1, red: 0 },
        bytes_in: 13,
      },
    ]);
  });

  it('shows cards, takes them away, pulls the cable and puts it back', async () => {
    const host = await bench.start();
    bench.clock.advance(100);
    await host.readUntil('\n');
    expect((await call('/devices/bench/swipe', { uid: '4A8D694F', ms: 300 })).status).toBe(200);
    bench.clock.advance(1_000);
    expect(await host.readUntil('\n')).toMatch(/^CARD,4A8D694F,/);
    expect((await call('/devices/bench/hold', { uid: '4A8D694F' })).body).toMatchObject({
      card_in_field: true,
    });
    expect((await call('/devices/bench/remove', {})).body).toMatchObject({ card_in_field: false });
    expect((await call('/devices/bench/unplug', {})).body).toMatchObject({ plugged: false });
    await host.hungUp;
    expect((await call('/devices/bench/plug', {})).body).toMatchObject({ plugged: true });
    expect((await call('/devices/bench/noise', { bytes: 5, seed: 1 })).status).toBe(200);
    expect((await call('/devices/bench/fault', { fault: 'cut', at_byte: 3 })).status).toBe(200);
    expect(bench.events.filter((event) => event.event === 'fault')).toHaveLength(2);
  });

  it.each([
    ['/devices/bench/swipe', { uid: 'zz' }, 400, 'REQUEST_INVALID'],
    ['/devices/bench/swipe', { card: '4A8D694F' }, 400, 'REQUEST_INVALID'],
    ['/devices/bench/swipe', 'not json', 400, 'REQUEST_INVALID'],
    ['/devices/bench/swipe', 'x'.repeat(70_000), 400, 'REQUEST_INVALID'],
    ['/devices/bench/fault', { fault: 'earthquake' }, 400, 'REQUEST_INVALID'],
    ['/devices/bench/dance', {}, 404, 'NOT_FOUND'],
    ['/devices/bench/constructor', {}, 404, 'NOT_FOUND'],
    ['/devices/nobody/swipe', {}, 404, 'NOT_FOUND'],
    ['/elsewhere', undefined, 404, 'NOT_FOUND'],
    ['/devices/bench/swipe', undefined, 400, 'REQUEST_INVALID'],
  ])('answers %s %j with %i %s', async (path, body, status, code) => {
    const answer = await call(path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ code, message: expect.stringContaining(code) });
  });

  it('names a taken port and the remedy', async () => {
    const second = new ControlApi([]);
    await expect(second.listen(Number(new URL(base).port))).rejects.toThrow(/--control-port.*PORT_TAKEN/);
  });
});
