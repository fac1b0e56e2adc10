import { RollcallError } from '@rollcall/protocol/errors';
import { expect, it } from 'vitest';
import { FakeSensor } from '../identify/finger-sensor.fixture.js';
import { FingerSlots } from '../identify/finger-slots.js';
import { TemplateStore } from '../identify/template-store.js';
import { storeFixture } from '../store/store.fixture.js';
import { reserveScanner } from './reserve-scanner.js';
import { takeOnSensor } from './take-on-sensor.js';

const ID = '00000000-0000-4000-8000-000000000001';
const { signal } = new AbortController();

function fixture() {
  const { db } = storeFixture().store;
  const slots = new FingerSlots(db);
  const templates = new TemplateStore(db);
  const sensor = new FakeSensor('module-a');
  const enrolled = { template_id: ID, student_ref: 's1', finger_position: 2, format: 'fake-1', sealed: '' };
  templates.put([enrolled]);
  slots.put('module-a', { slot: 0, templateId: ID, studentRef: 's1' });
  sensor.slots.set(0, Buffer.from('right'));
  return { slots, templates, sensor };
}

it('gives a scanner back that cannot be enrolled at yet', async () => {
  const { sensor, ...options } = fixture();
  const gallery = {
    takenSlots: () => undefined,
    hold: () => Promise.reject(new RollcallError('GALLERY_FILLING', 'not yet')),
  };
  await expect(reserveScanner('office', sensor, { ...options, gallery, signal })).rejects.toThrow(
    /GALLERY_FILLING/,
  );
  expect(sensor.done).toEqual(['reserve', 'give back']);
});

it('case 115: names the holder of a slot, and nobody whose template was withdrawn', async () => {
  const { sensor, ...options } = fixture();
  const { slots } = await reserveScanner('office', sensor, { ...options, signal });
  expect([slots.holderOf(0), slots.ofFinger('s1', 2), slots.ofFinger('s1', 7)]).toEqual(['s1', [0], []]);
  options.templates.keepOnly(new Set());
  expect([slots.holderOf(0), slots.ofFinger('s1', 2)]).toEqual([undefined, []]);
  sensor.enroll = () =>
    Promise.reject(new RollcallError('FINGER_DUPLICATE', 'known', { context: { slot: 0 } }));
  const taking = takeOnSensor({
    args: { enrollment_id: ID, device_id: 'office', student_ref: 's2', fingers: [2] },
    sensor,
    slots,
    keep: async () => ID,
    report: () => undefined,
    search: undefined,
    signal,
  });
  // Nor promises that the security officer hears of a name that nobody has.
  await expect(taking).rejects.toThrow(/does not know whose it is.*DUPLICATE_BIOMETRIC/s);
  expect(options.slots.of('module-a').map(({ slot }) => slot)).toEqual([0]);
});

it('counts a slot from before the module enrolls there', async () => {
  const { sensor, ...options } = fixture();
  const { slots } = await reserveScanner('office', sensor, { ...options, signal });
  slots.mark(7);
  expect([slots.holderOf(7), options.slots.holdOthers(new Set([ID]))]).toEqual([undefined, true]);
  slots.emptied(7);
  expect(options.slots.holdOthers(new Set([ID]))).toBe(false);
});
