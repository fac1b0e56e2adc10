import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { makeTemplate } from '@rollcall/firmware-sim/devices/simulated-finger';
import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { Random } from '@rollcall/firmware-sim/random';
import type { DeviceConfig } from '@rollcall/gateway/config/schema';
import { createFleet, type Fleet } from '@rollcall/gateway/devices/fleet';
import { findDriver } from '@rollcall/gateway/drivers/registry';
import type { FingerGallery } from '@rollcall/gateway/identify/finger-gallery';
import { FingerSlots } from '@rollcall/gateway/identify/finger-slots';
import { GallerySync } from '@rollcall/gateway/identify/gallery-sync';
import { absentMatcher } from '@rollcall/gateway/identify/matcher';
import { createRecordFinger } from '@rollcall/gateway/identify/record-finger';
import { silentLog } from '@rollcall/gateway/log';
import { stampOf, storeFixture } from '@rollcall/gateway/store/store.fixture';
import { createOpenTransport } from '@rollcall/gateway/transport/open-transport';
import { punchSchema } from '@rollcall/protocol/punch';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';

const EXACT = { falseReject: 0, falseAccept: 0, poor: 0 };
/** What a module answers while nobody is there; the driver believes the third in a row. */
const NO_FINGER = 'EF01FFFFFFFF07000302000C';
const LOOKS_AFTER = 4;

/** One finger each, as central will hand them out. */
const STUDENTS = ['asha', 'ravi'];
const gallery: FingerGallery = {
  allowed: () => new Set(STUDENTS.map((student) => `t-${student}`)),
  has: (templateId) => STUDENTS.includes(templateId.slice(2)),
  positionOf: () => 1,
  entries: () => STUDENTS.map((student) => ({ templateId: `t-${student}`, studentRef: student })),
  read: (templateId) => makeTemplate(`${templateId.slice(2)}-thumb`, 512, new Random(1)),
};

let folder: string;
let cleanups: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-finger-'));
  cleanups = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

function simulate(driver: string, id: string, profile?: string): SimulatedDevice {
  const device = new SimulatedDevice({
    id,
    driver,
    linkPath: join(folder, id),
    clock: systemClock,
    rates: EXACT,
    ...(profile === undefined ? {} : { profile }),
  });
  cleanups.push(() => device.stop());
  device.start();
  return device;
}

/** A finger stays until the person has seen the light, and is away for long enough to count as gone. */
async function show(
  scanner: SimulatedDevice,
  finger: string,
  what: string,
  isSeen: () => boolean,
): Promise<void> {
  scanner.fingers.hold(finger);
  await until(what, isSeen);
  scanner.fingers.remove();
  let looks = 0;
  scanner.onReport((event) => {
    if (event.event === 'sent' && event.hex === NO_FINGER) looks += 1;
  });
  await until('the finger has left', () => looks >= LOOKS_AFTER);
}

/** The gateway from the port to the disk, without central. */
function gateway(devices: DeviceConfig[]) {
  const f = storeFixture({ writer: { schedule: setImmediate } });
  const sync = new GallerySync({
    gallery,
    slots: new FingerSlots(f.store.db),
    clock: systemClock,
    log: silentLog,
  });
  const record = createRecordFinger({
    hmacHex: (text) => Buffer.from(text).toString('hex').padEnd(64, '0').slice(0, 64),
    slots: sync,
    matcher: absentMatcher,
    newPunchId: f.store.newPunchId,
    stampAt: stampOf(f.clock),
    append: (row) => f.writer.append(row),
    maySayFinger: () => true,
    expected: { isElsewhere: () => false, studentsAt: () => new Set() },
    clock: systemClock,
    log: silentLog,
  });
  const fleet: Fleet = createFleet({
    devices,
    openTransport: createOpenTransport(systemClock),
    clock: systemClock,
    log: silentLog,
    record: async () => 'kept',
    fingers: {
      record,
      recordRefused: async () => 'not_recognized',
      sensorChanged: (deviceId, sensor) => sync.sensorChanged(deviceId, sensor),
      slotsOf: (deviceId, studentRef) => sync.slotsOf(deviceId, studentRef),
      fingersOf: () => [],
      holderOf: (read) => (read.values.full?.endsWith('4A8D694F') === true ? 'asha' : undefined),
    },
    onChange: () => undefined,
  });
  cleanups.push(() => fleet.stop());
  cleanups.push(() => sync.stop());
  fleet.start();
  const punches = () =>
    f.store.outbox.read(1, 100).map(({ seq, body }) => punchSchema.parse({ seq, ...JSON.parse(body) }));
  return { fleet, sync, punches };
}

function device(id: string, driver: string, extra: Partial<DeviceConfig> = {}): DeviceConfig {
  return { id, driver, port: join(folder, id), options: findDriver(driver)?.options.parse({}), ...extra };
}

describe('a scanner on a pty', () => {
  it('gets the gallery, recognizes by it, and lights up only for what is kept', async () => {
    const scanner = simulate('ef01', 'scanner', 'r503');
    const { sync, punches, fleet } = gateway([device('scanner', 'ef01')]);
    await until('the gallery is in its slots', () => sync.slotsOf('scanner', 'ravi').length === 1);
    await show(scanner, 'ravi-thumb', 'it is green', () => scanner.lights.green === 1);
    expect(punches()).toMatchObject([
      { kind: 'finger', device_id: 'scanner', student: { student_ref: 'ravi', finger_position: 1 } },
    ]);
    await show(scanner, 'stranger-thumb', 'it is red', () => scanner.lights.red === 1);
    expect(punches()).toHaveLength(1);
    const kept = Buffer.concat(
      fleet.captures().flatMap(({ ring }) => ring.pieces().map(({ bytes }) => bytes)),
    );
    expect(kept.includes(Buffer.from([0xef, 0x01]))).toBe(true);
    const template = Buffer.from(gallery.read('t-ravi'));
    expect(kept.includes(template.subarray(8, 24))).toBe(false);
    // Another module on the same adapter, whose port never closed: it is given the gallery as every new one is.
    await inflictFault(scanner, 'exchange', { ms: 100 });
    await until('it is no more believed', () => sync.slotsOf('scanner', 'ravi').length === 0);
    await until('the gallery is in its slots', () => sync.slotsOf('scanner', 'ravi').length === 1);
    await show(scanner, 'ravi-thumb', 'it is green again', () => scanner.lights.green === 2);
    expect(punches()).toHaveLength(2);
  });

  it('compares with the card that came before, and with nobody without one', async () => {
    const reader = simulate('line', 'reader');
    const scanner = simulate('ef01', 'scanner', 'r503');
    const { sync, punches, fleet } = gateway([
      device('reader', 'line'),
      device('scanner', 'ef01', { withCard: 'reader', withCardSeconds: 30 }),
    ]);
    await until('both are ready', () => fleet.snapshot().every(({ state }) => state === 'ready'));
    await until('the gallery is in its slots', () => sync.slotsOf('scanner', 'ravi').length === 1);
    await show(scanner, 'asha-thumb', 'a finger without a card is red', () => scanner.lights.red === 1);
    reader.swipe('4A8D694F');
    await until('the card is kept', () => reader.lights.green === 1);
    await show(scanner, 'ravi-thumb', 'a finger of somebody else is red', () => scanner.lights.red === 2);
    await show(scanner, 'asha-thumb', 'the finger of the card is green', () => scanner.lights.green === 1);
    expect(punches()).toMatchObject([
      { kind: 'finger', verify_method: 'card+finger', student: { student_ref: 'asha', finger_position: 1 } },
    ]);
  });
});
