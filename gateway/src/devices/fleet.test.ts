import { ManualClock } from '@rollcall/protocol/manual-clock';
import { beforeEach, expect, it } from 'vitest';
import type { DeviceConfig } from '../config/schema.js';
import { findDriver } from '../drivers/registry.js';
import type { FeedbackSignal } from '../feedback/signal.js';
import { silentLog } from '../log.js';
import { MemoryPort } from '../transport/memory.fixture.js';
import type { DeviceSnapshot } from './device-snapshot.js';
import { createFleet, type Fleet, PRESENTATIONS_IN_FLIGHT_MAX } from './fleet.js';
import type { Presentation, RefusedFinger } from './presentation.js';
import { settle } from './supervisor.fixture.js';

const GREEN = 'LED,1,400*1E\nBUZ,1,80*24\n';
const FRAME = '\x020C000621A58E\x03';

let clock: ManualClock;
let ports: Map<string, MemoryPort>;
let recorded: Presentation[];
let answer: (presentation: Presentation) => Promise<FeedbackSignal>;
let changes: DeviceSnapshot[];
let refused: RefusedFinger[];

beforeEach(() => {
  clock = new ManualClock();
  ports = new Map();
  recorded = [];
  answer = async () => 'kept';
  changes = [];
  refused = [];
});

function device(id: string, driver: string, extra: Partial<DeviceConfig> = {}): DeviceConfig {
  return { id, driver, port: `/dev/${id}`, options: findDriver(driver)?.options.parse({}), ...extra };
}

async function start(...devices: DeviceConfig[]): Promise<Fleet> {
  for (const { port } of devices) ports.set(port, new MemoryPort());
  const fleet = createFleet({
    devices,
    openTransport: (port, link) => portOf(port).openTransport(port, link),
    clock,
    log: silentLog,
    record: async (presentation) => {
      recorded.push(presentation);
      return answer(presentation);
    },
    fingers: {
      record: async () => 'refused',
      recordRefused: async (finger) => {
        refused.push(finger);
        return 'not_recognized';
      },
      sensorChanged: () => undefined,
      slotsOf: () => [],
      holderOf: () => undefined,
      fingersOf: () => [],
    },
    onChange: (snapshot) => changes.push(snapshot),
    identifyPort: async (port) => ({ target: port, entry: port }),
    random: () => 0.5,
  });
  fleet.start();
  for (let step = 0; step < 16; step++) {
    await settle();
    clock.advance(250);
  }
  await settle();
  return fleet;
}

function portOf(path: string): MemoryPort {
  const port = ports.get(path);
  if (port === undefined) throw new Error(path);
  return port;
}

function written(id: string): string {
  return portOf(`/dev/${id}`)
    .openings.flatMap((transport) => transport.written)
    .join('');
}

function lostLights(fleet: Fleet, id: string): number | undefined {
  return fleet.snapshot().find(({ deviceId }) => deviceId === id)?.counters.lights_lost;
}

it('shows the light on the device itself, only after the punch is kept', async () => {
  let keep = (_signal: FeedbackSignal): void => undefined;
  answer = () =>
    new Promise((resolve) => {
      keep = resolve;
    });
  await start(device('line-a', 'line', { direction: 'in' }));
  portOf('/dev/line-a').last.receive('\n4A8D694F\n');
  await settle();
  expect(recorded).toEqual([
    {
      deviceId: 'line-a',
      read: expect.objectContaining({ technology: 'iso14443a' }),
      directionHint: 'in',
      monoMs: clock.monoMs(),
      wallMs: clock.wallMs(),
    },
  ]);
  expect(written('line-a')).toBe('');
  keep('kept');
  await settle();
  expect(written('line-a')).toMatch(/^LED,1,400\*..\nBUZ,1,80\*..\n$/);
  expect(written('line-a').length).toBe(GREEN.length);
});

it('shows the light of a reader without any on the device that answers for it', async () => {
  const fleet = await start(
    device('rdm', 'rdm6300', { feedback: 'lights', direction: 'both' }),
    device('lights', 'line'),
  );
  portOf('/dev/rdm').last.receive(FRAME + FRAME);
  await settle();
  expect(recorded).toHaveLength(1);
  expect(recorded[0]?.directionHint).toBeUndefined();
  expect(written('lights')).toContain('LED,1,400');
  expect(written('rdm')).toBe('');
  expect(lostLights(fleet, 'lights')).toBe(0);
});

it('keeps the punch, counts the light and never sends it later when the lights are away', async () => {
  const fleet = await start(device('rdm', 'rdm6300', { feedback: 'lights' }), device('lights', 'line'));
  portOf('/dev/lights').unplug();
  await settle();
  portOf('/dev/rdm').last.receive(FRAME + FRAME);
  await settle();
  expect(recorded).toHaveLength(1);
  expect(lostLights(fleet, 'lights')).toBe(1);
  portOf('/dev/lights').plug();
  for (let step = 0; step < 40; step++) {
    clock.advance(250);
    await settle();
  }
  expect(written('lights')).toBe('');
});

it('loses the light, not the gateway, when the connection ends between card and commit', async () => {
  let keep = (_signal: FeedbackSignal): void => undefined;
  answer = () =>
    new Promise((resolve) => {
      keep = resolve;
    });
  const fleet = await start(device('line-a', 'line'));
  const port = portOf('/dev/line-a');
  port.last.receive('\n4A8D694F\n');
  port.unplug();
  port.plug();
  for (let step = 0; step < 16; step++) {
    clock.advance(250);
    await settle();
  }
  expect(port.openings).toHaveLength(2);
  keep('kept');
  await settle();
  expect(written('line-a')).toBe('');
  expect(lostLights(fleet, 'line-a')).toBe(1);
});

it('does not count a light of a reader that has none and no other to answer for it', async () => {
  const fleet = await start(device('rdm', 'rdm6300'));
  portOf('/dev/rdm').last.receive(FRAME + FRAME);
  await settle();
  expect(recorded).toHaveLength(1);
  expect(lostLights(fleet, 'rdm')).toBe(0);
});

it('shows red when recording fails in a way that nobody expected', async () => {
  answer = () => Promise.reject(new Error('unexpected'));
  await start(device('line-a', 'line'));
  portOf('/dev/line-a').last.receive('\n4A8D694F\n');
  await settle();
  expect(written('line-a')).toContain('LED,3,800');
});

it('refuses reads beyond its limit while the disk does not answer', async () => {
  answer = () => new Promise(() => undefined);
  await start(device('line-a', 'line'));
  const lines = Array.from({ length: PRESENTATIONS_IN_FLIGHT_MAX + 1 }, (_, index) =>
    (0x4a000000 + index).toString(16).toUpperCase(),
  );
  portOf('/dev/line-a').last.receive(`\n${lines.join('\n')}\n`);
  await settle();
  expect(recorded).toHaveLength(PRESENTATIONS_IN_FLIGHT_MAX);
  expect(written('line-a').match(/LED,3,800/g)).toHaveLength(1);
});

it('keeps the others working when one reader is lost', async () => {
  const fleet = await start(device('line-a', 'line'), device('line-b', 'line'));
  portOf('/dev/line-a').unplug();
  for (let step = 0; step < 40; step++) {
    clock.advance(250);
    await settle();
  }
  portOf('/dev/line-b').last.receive('\n4A8D694F\n');
  await settle();
  expect(recorded.map(({ deviceId }) => deviceId)).toEqual(['line-b']);
  expect(fleet.snapshot().map(({ state }) => state)).toEqual(['absent', 'ready']);
  expect(changes.some(({ deviceId, state }) => deviceId === 'line-a' && state === 'absent')).toBe(true);
});

it('gives the light to whoever has tapped before it stops, and takes nobody new', async () => {
  let keep = (_signal: FeedbackSignal): void => undefined;
  answer = () =>
    new Promise((resolve) => {
      keep = resolve;
    });
  const fleet = await start(device('line-a', 'line'));
  portOf('/dev/line-a').last.receive('\n4A8D694F\n');
  await settle();
  const stopping = fleet.stop();
  portOf('/dev/line-a').last.receive('0A05FF01\n');
  keep('kept');
  await stopping;
  expect(written('line-a')).toContain('LED,1,400');
  expect(recorded).toHaveLength(1);
  expect(portOf('/dev/line-a').last.isOpen).toBe(false);
  expect(clock.pendingTimers).toBe(0);
});

it('has a PIN typed after a card kept as one more, and keeps nothing of keys without a card', async () => {
  const lights = device('lights', 'line');
  const fleet = await start(device('keypad', 'wiegand', { feedback: 'lights' }), lights);
  const { last } = portOf('/dev/keypad');
  last.receive('\r\n4:4\r\n4:7\r\n4:B\r\n');
  await settle();
  expect(recorded).toEqual([]);
  expect(written('lights')).toContain('LED,3');
  last.receive('26:2F623AE\r\n');
  last.receive([...'471108'].map((key) => `4:${key}\r\n`).join(''));
  await settle();
  expect(recorded.map(({ read, pin }) => [read.values.w26, pin])).toEqual([
    ['wiegand26:123-04567', undefined],
    ['wiegand26:123-04567', '471108'],
  ]);
  await fleet.stop();
});

it('case 117: has a finger that is not a living one kept as such, and shows that it is nobody’s', async () => {
  const fleet = await start(device('line-a', 'line'));
  portOf('/dev/line-a').last.receive('\nFINGER,FAKE,000001*19\n');
  await settle();
  expect(refused).toEqual([
    { deviceId: 'line-a', reason: 'liveness', monoMs: clock.monoMs(), wallMs: clock.wallMs() },
  ]);
  expect(recorded).toEqual([]);
  expect(written('line-a')).toMatch(/^LED,3,400\*..\nBUZ,2,80\*..\n$/);
  await fleet.stop();
});
