import { parseCanonical } from '@rollcall/protocol/credential';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { expect, it } from 'vitest';
import { FakeSensor } from '../identify/finger-sensor.fixture.js';
import { CardAndFinger, windowAfterCard } from './card-and-finger.js';

const READ = parseCanonical('em4100:0F00A1B2C3');

function fixture() {
  const clock = new ManualClock();
  const sensor = new FakeSensor('module-a');
  const pair = new CardAndFinger({
    clock,
    windowMs: 10_000,
    slotsOf: (studentRef) => (studentRef === 's1' ? [2, 5] : [7]),
  });
  pair.sensorChanged(sensor);
  return { clock, sensor, pair };
}

it('lets no finger count before a card', () => {
  const { sensor, pair } = fixture();
  expect(sensor.expected).toEqual([]);
  expect(pair.card).toBeUndefined();
});

it('lets the fingers of the card count, until one has come', () => {
  const { clock, sensor, pair } = fixture();
  pair.cardShown(READ, 's1');
  expect(sensor.expected).toEqual([2, 5]);
  expect(pair.card?.studentRef).toBe('s1');
  pair.end();
  expect(sensor.expected).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

it.each([
  ['kept', false],
  ['kept_again', false],
  ['kept_elsewhere', false],
  ['not_recognized', true],
  ['refused', true],
  ['disk_full', true],
] as const)('lets the person try again unless the finger is kept: after %s it is %s', (signal, mayTryAgain) => {
  const { clock, sensor, pair } = fixture();
  pair.cardShown(READ, 's1');
  const { card } = pair;
  if (card !== undefined) pair.fingerAnswered(card, signal);
  expect(pair.card !== undefined).toBe(mayTryAgain);
  expect(sensor.expected).toEqual(mayTryAgain ? [2, 5] : []);
  clock.advance(10_000);
  expect(pair.card).toBeUndefined();
});

it('does not end a card for the finger of the one before it', () => {
  const { pair } = fixture();
  pair.cardShown(READ, 's1');
  const { card } = pair;
  pair.cardShown(READ, 's2');
  if (card !== undefined) pair.fingerAnswered(card, 'kept');
  expect(pair.card?.studentRef).toBe('s2');
});

it('forgets the card when its time is over', () => {
  const { clock, sensor, pair } = fixture();
  pair.cardShown(READ, 's1');
  clock.advance(9_999);
  expect(pair.card).toBeDefined();
  clock.advance(1);
  expect(pair.card).toBeUndefined();
  expect(sensor.expected).toEqual([]);
});

it('goes by the last card, and a card of nobody ends the one before', () => {
  const { clock, sensor, pair } = fixture();
  pair.cardShown(READ, 's1');
  clock.advance(9_000);
  pair.cardShown(READ, 's2');
  expect(sensor.expected).toEqual([7]);
  clock.advance(9_000);
  expect(pair.card?.studentRef).toBe('s2');
  pair.cardShown(READ, undefined);
  expect(sensor.expected).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

it('tells a scanner that was connected anew whom to expect', () => {
  const { pair } = fixture();
  pair.cardShown(READ, 's1');
  pair.sensorChanged(undefined);
  const again = new FakeSensor('module-a');
  pair.sensorChanged(again);
  expect(again.expected).toEqual([2, 5]);
});

it('waits as long as is written, and unless it is longer where a picture comes first', () => {
  expect(windowAfterCard({ options: { match: 'sensor' } })).toBe(10_000);
  expect(windowAfterCard({ options: { match: 'gateway' } })).toBe(20_000);
  expect(windowAfterCard({ options: { match: 'gateway' }, withCardSeconds: 7 })).toBe(7_000);
});
