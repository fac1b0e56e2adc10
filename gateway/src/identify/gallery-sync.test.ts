import { RollcallError } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import { entry, FakeGallery, FakeSensor } from './finger-sensor.fixture.js';
import { FingerSlots } from './finger-slots.js';
import { GallerySync } from './gallery-sync.js';

const SCANNER = 'finger-r101';
const NEVER = new AbortController().signal;

function fixture(...students: string[]) {
  const { store, clock } = storeFixture();
  const gallery = new FakeGallery(...students);
  const slots = new FingerSlots(store.db);
  let changes = 0;
  const open = () =>
    new GallerySync({
      gallery,
      slots,
      clock,
      log: silentLog,
      onChange: () => {
        changes += 1;
      },
    });
  const isGone = () => !slots.holdOthers(gallery.allowed() ?? new Set());
  return { clock, gallery, slots, open, isGone, changes: () => changes, sync: open() };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 60; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe('the slots of a scanner', () => {
  it('are filled from the gallery, and then say whose they are', async () => {
    const { sync } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect([...sensor.slots.values()].map(String)).toEqual(['t-s1', 't-s2']);
    expect([0, 1, 2].map((slot) => sync.holderOf(SCANNER, slot))).toEqual(['s1', 's2', undefined]);
    expect([0, 2].map((slot) => sync.positionOf(SCANNER, slot))).toEqual([2, undefined]);
    expect(sync.slotsOf(SCANNER, 's2')).toEqual([1]);
  });

  it('are left alone while somebody enrolls there, from the middle of a run on, and made good afterwards', async () => {
    const { sync, gallery } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sensor.matchedBy = 'gateway';
    sync.sensorChanged(SCANNER, sensor);
    const release = await sync.hold(SCANNER, NEVER);
    const before = sensor.slots.size;
    expect(before).toBeLessThan(2);
    gallery.known = [entry('s1'), entry('s2'), entry('s3')];
    sync.galleryChanged();
    await settle();
    expect(sensor.slots.size).toBe(before);
    release();
    await settle();
    expect([...sensor.slots.values()].map(String).sort()).toEqual(['t-s1', 't-s2', 't-s3']);
    expect(sync.takenSlots(SCANNER)).toEqual([0, 1, 2]);
    // One that is not connected is held by nobody.
    (await sync.hold('elsewhere', NEVER))();
    expect(sync.takenSlots('elsewhere')).toBeUndefined();
  });

  it('case 115: are filled before somebody enrolls at a module that matches itself, also with what comes meanwhile', async () => {
    const { sync, gallery } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    const held = sync.hold(SCANNER, NEVER);
    gallery.known = [entry('s1'), entry('s2'), entry('s3')];
    sync.galleryChanged();
    const release = await held;
    expect([...sensor.slots.values()].map(String)).toEqual(['t-s1', 't-s2', 't-s3']);
    gallery.known = [entry('s1')];
    sync.galleryChanged();
    await settle();
    release();
    await settle();
    expect(sensor.slots.size).toBe(1);
  });

  it('lose what is withdrawn also while somebody enrolls there, and nothing that is being enrolled', async () => {
    const { sync, gallery, slots, isGone, changes } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    const release = await sync.hold(SCANNER, NEVER);
    slots.markEnrolling('module-a', 7);
    sensor.slots.set(7, Buffer.from('of whoever enrolls'));
    let enrolled = (): void => undefined;
    const { deleteTemplate } = sensor;
    // The module is busy with a finger.
    sensor.deleteTemplate = async (slot) => {
      await new Promise<void>((resolve) => {
        enrolled = resolve;
      });
      await deleteTemplate.call(sensor, slot);
    };
    const before = changes();
    gallery.known = [entry('s1'), entry('s3')];
    sync.galleryChanged();
    sync.galleryChanged();
    await settle();
    expect([sync.holderOf(SCANNER, 1), sensor.slots.size]).toEqual([undefined, 3]);
    enrolled();
    await settle();
    expect([...sensor.slots.keys()]).toEqual([0, 7]);
    expect([sync.takenSlots(SCANNER), changes() - before]).toEqual([[0, 7], 2]);
    const listed = gallery.allowed() ?? new Set();
    expect([slots.holdOthers(listed, 'module-a'), slots.holdOthers(listed, 'module-b')]).toEqual([
      false,
      true,
    ]);
    sensor.deleteTemplate = deleteTemplate;
    sensor.slots.delete(7);
    slots.remove('module-a', 7);
    expect(isGone()).toBe(true);
    release();
    await settle();
    expect([...sensor.slots.values()].map(String)).toEqual(['t-s1', 't-s3']);
  });

  it('are filled only after what is being withdrawn has left, and a module that fails keeps nobody waiting', async () => {
    const { sync, gallery, slots } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    const release = await sync.hold(SCANNER, NEVER);
    let fail = (): void => undefined;
    const { deleteTemplate } = sensor;
    sensor.deleteTemplate = () =>
      new Promise((_, reject) => {
        fail = () => reject(new RollcallError('DEVICE_TIMEOUT', 'silent'));
      });
    await settle();
    gallery.known = [entry('s1'), entry('s3')];
    sync.galleryChanged();
    await settle();
    release();
    await settle();
    expect([...sensor.slots.values()].map(String)).toEqual(['t-s1', 't-s2']);
    sensor.deleteTemplate = deleteTemplate;
    fail();
    await settle();
    expect([...sensor.slots.values()].map(String)).toEqual(['t-s1', 't-s3']);
    expect(slots.of('module-a').map(({ templateId }) => templateId)).toEqual(['t-s1', 't-s3']);
  });

  it('case 115: are not ready for an enrollment that waits too long, is cancelled, or finds a module that failed', async () => {
    const { sync, clock } = fixture('s1');
    const sensor = new FakeSensor('module-a');
    let goOn = (): void => undefined;
    const { importTemplate } = sensor;
    sensor.importTemplate = async (...args) => {
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
      await importTemplate.apply(sensor, args);
    };
    sync.sensorChanged(SCANNER, sensor);
    const late = expect(sync.hold(SCANNER, NEVER)).rejects.toThrow(/GALLERY_FILLING/);
    await settle();
    clock.advance(60_000);
    await late;
    const cancelled = new AbortController();
    const given = expect(sync.hold(SCANNER, cancelled.signal)).rejects.toThrow('cancelled');
    cancelled.abort(new Error('cancelled'));
    await given;
    sensor.failure = new RollcallError('DEVICE_TIMEOUT', 'silent');
    goOn();
    await settle();
    await expect(sync.hold(SCANNER, NEVER)).rejects.toThrow(/GALLERY_FILLING/);
    sync.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('are left as they are by a second connection, and by a restart of the gateway', async () => {
    const { sync, open } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    sensor.done.length = 0;
    sync.sensorChanged(SCANNER, undefined);
    expect(sync.holderOf(SCANNER, 0)).toBeUndefined();
    const restarted = open();
    restarted.sensorChanged(SCANNER, sensor);
    await settle();
    expect(sensor.done).toEqual([]);
    expect(restarted.holderOf(SCANNER, 0)).toBe('s1');
  });

  it('of a swapped module mean nobody until what is in them is known: strangers go, ours come', async () => {
    const { sync } = fixture('s1', 's2');
    const first = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, first);
    await settle();
    // From another building: the same slots are occupied, by other people.
    const second = new FakeSensor('module-b');
    second.slots.set(0, Buffer.from('somebody'));
    second.slots.set(1, Buffer.from('else'));
    sync.sensorChanged(SCANNER, second);
    expect(sync.holderOf(SCANNER, 0)).toBeUndefined();
    await settle();
    expect(second.done).toEqual(['delete 0', 'delete 1', 'import 0', 'import 1']);
    sync.sensorChanged(SCANNER, first);
    await settle();
    expect(sync.holderOf(SCANNER, 1)).toBe('s2');
  });

  it('lose what nobody put there, and get back what somebody took out', async () => {
    const { sync } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    sensor.slots.delete(0);
    sensor.slots.set(5, Buffer.from('intruder'));
    sensor.done.length = 0;
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect(sensor.done).toEqual(['delete 5', 'import 0']);
    expect(String(sensor.slots.get(0))).toBe('t-s1');
  });

  it('follow the gallery: a withdrawn consent empties the slot', async () => {
    const { sync, gallery } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    gallery.known = [entry('s2'), entry('s3')];
    sync.galleryChanged();
    await settle();
    expect([...sensor.slots.values()].map(String).sort()).toEqual(['t-s2', 't-s3']);
    expect(sync.slotsOf(SCANNER, 's1')).toEqual([]);
  });

  it('say nothing of a withdrawn finger from then on, although the module does not answer', async () => {
    const { sync, gallery } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    sensor.occupiedSlots = () => Promise.reject(new RollcallError('DEVICE_TIMEOUT', 'silent'));
    gallery.known = [entry('s2')];
    sync.galleryChanged();
    expect([sync.holderOf(SCANNER, 0), sync.slotsOf(SCANNER, 's1')]).toEqual([undefined, []]);
    await settle();
    expect([sync.holderOf(SCANNER, 0), sync.holderOf(SCANNER, 1)]).toEqual([undefined, 's2']);
    sync.stop();
  });

  it('say nothing of a withdrawn finger from then on, although others are still being imported', async () => {
    const { sync, gallery } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    let goOn = (): void => undefined;
    sensor.importTemplate = () =>
      new Promise((resolve) => {
        goOn = resolve;
      });
    gallery.known = [entry('s1'), entry('s2'), entry('s3')];
    sync.galleryChanged();
    await settle();
    gallery.known = [entry('s2'), entry('s3')];
    sync.galleryChanged();
    expect([sync.holderOf(SCANNER, 0), sync.slotsOf(SCANNER, 's1')]).toEqual([undefined, []]);
    goOn();
    await settle();
    expect(sensor.slots.has(0)).toBe(false);
  });

  it('count until the module has said that they are empty', async () => {
    const { sync, gallery, clock, isGone } = fixture('s1', 's2');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    const { deleteTemplate } = sensor;
    sensor.deleteTemplate = () => Promise.reject(new RollcallError('PORT_LOST', 'unplugged'));
    gallery.known = [entry('s2')];
    sync.galleryChanged();
    await settle();
    expect([sensor.slots.has(0), isGone()]).toEqual([true, false]);
    // Listed again, it is imported anew: nobody knows what the module did.
    gallery.known = [entry('s1'), entry('s2')];
    sensor.deleteTemplate = deleteTemplate;
    sensor.done.length = 0;
    clock.advance(60_000);
    await settle();
    expect(sensor.done).toEqual(['delete 0', 'import 0']);
    expect([sync.holderOf(SCANNER, 0), isGone()]).toEqual(['s1', true]);
  });

  it('count from before the module takes a template: it may have it, although it did not say so', async () => {
    const { sync, gallery, isGone } = fixture('s1');
    const sensor = new FakeSensor('module-a');
    const { importTemplate } = sensor;
    sensor.importTemplate = async (...args) => {
      await importTemplate.apply(sensor, args);
      throw new RollcallError('PORT_LOST', 'unplugged');
    };
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect([sync.holderOf(SCANNER, 0), sync.slotsOf(SCANNER, 's1')]).toEqual([undefined, []]);
    sync.sensorChanged(SCANNER, undefined);
    gallery.known = [];
    expect([sensor.slots.has(0), isGone()]).toEqual([true, false]);
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect([sensor.slots.size, isGone()]).toEqual([0, true]);
  });

  it('that an enrollment needed count until they are empty, also over a crash', async () => {
    const { open, slots, isGone } = fixture('s1');
    const sensor = new FakeSensor('module-a');
    slots.markEnrolling('module-a', 7);
    slots.markEnrolling('module-a', 6);
    sensor.slots.set(7, Buffer.from('just enrolled'));
    expect(isGone()).toBe(false);
    const restarted = open();
    restarted.sensorChanged(SCANNER, sensor);
    await settle();
    expect([...sensor.slots.keys()]).toEqual([0]);
    expect(isGone()).toBe(true);
  });

  it('are not touched, and not believed, while the gallery is not known', async () => {
    const { sync, gallery } = fixture();
    gallery.known = undefined;
    const sensor = new FakeSensor('module-a');
    sensor.slots.set(0, Buffer.from('somebody'));
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect(sensor.done).toEqual([]);
    expect(sync.holderOf(SCANNER, 0)).toBeUndefined();
  });

  it('of a module without a name are written anew each time: it may be another one', async () => {
    const { sync } = fixture('s1');
    const sensor = new FakeSensor(undefined);
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect(sensor.done).toEqual(['delete all', 'import 0', 'delete all', 'import 0']);
  });

  it('of a module without a name are kept for as long as it is connected: a roster changes what changed', async () => {
    const { sync, gallery } = fixture('s1', 's2');
    const sensor = new FakeSensor(undefined);
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    sensor.done.length = 0;
    sync.galleryChanged();
    await settle();
    expect(sensor.done).toEqual([]);
    gallery.known = [entry('s2'), entry('s3')];
    sync.galleryChanged();
    await settle();
    expect(sensor.done).toEqual(['delete 0', 'import 0']);
    expect([0, 1].map((slot) => sync.holderOf(SCANNER, slot))).toEqual(['s3', 's2']);
  });

  it('of a module without a name are emptied again when that failed before', async () => {
    const { sync, clock } = fixture('s1');
    const sensor = new FakeSensor(undefined);
    const { deleteAll } = sensor;
    sensor.deleteAll = () => Promise.reject(new RollcallError('DEVICE_TIMEOUT', 'silent'));
    sensor.slots.set(0, Buffer.from('somebody'));
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect(sync.holderOf(SCANNER, 0)).toBeUndefined();
    sensor.deleteAll = deleteAll;
    clock.advance(60_000);
    await settle();
    expect(sensor.done).toEqual(['delete all', 'import 0']);
    sync.stop();
  });

  it('hold as many templates as there are, the first ones', async () => {
    const { sync } = fixture('s1', 's2', 's3');
    const sensor = new FakeSensor('module-a', 2);
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect([...sensor.slots.values()].map(String)).toEqual(['t-s1', 't-s2']);
  });

  it('get the rest of the gallery when the module takes one template not', async () => {
    const { sync } = fixture('s1', 'bad', 's3');
    const sensor = new FakeSensor('module-a');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    expect([...sensor.slots.values()].map(String)).toEqual(['t-s1', 't-s3']);
  });

  it('are tried again later when the module fails', async () => {
    const { sync, clock } = fixture('s1');
    const sensor = new FakeSensor('module-a');
    sensor.failure = new RollcallError('DEVICE_TIMEOUT', 'silent');
    sync.sensorChanged(SCANNER, sensor);
    await settle();
    sensor.failure = undefined;
    clock.advance(60_000);
    await settle();
    expect(sync.holderOf(SCANNER, 0)).toBe('s1');
    sync.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
