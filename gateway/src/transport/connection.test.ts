import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { expect, it } from 'vitest';
import { Connection, WRITE_TIMEOUT_MS } from './connection.js';

const LOST = new RollcallError('PORT_LOST', 'lost');

it('gives up a write that is stuck, and leaves no timer', async () => {
  const clock = new ManualClock();
  const writing = new Connection('/dev/x', clock).write(() => undefined);
  clock.advance(WRITE_TIMEOUT_MS);
  await expect(writing).rejects.toMatchObject({ code: 'PORT_WRITE_TIMEOUT' });
  expect(clock.pendingTimers).toBe(0);
});

it('settles every pending write when it ends', async () => {
  const clock = new ManualClock();
  const connection = new Connection('/dev/x', clock);
  const writing = [connection.write(() => undefined), connection.write(() => undefined)];
  connection.end(LOST);
  for (const one of writing) await expect(one).rejects.toBe(LOST);
  expect(clock.pendingTimers).toBe(0);
});

it('drops bytes from before the beginning and after the end, and ends once', () => {
  const connection = new Connection('/dev/x', new ManualClock());
  const seen: string[] = [];
  const handlers = {
    onBytes: (chunk: Uint8Array) => seen.push(Buffer.from(chunk).toString()),
    onClose: ({ code }: RollcallError) => seen.push(code),
  };
  connection.received(Buffer.from('stale'));
  connection.begin(handlers);
  connection.received(Buffer.from('fresh'));
  connection.end(LOST);
  connection.end(LOST);
  connection.received(Buffer.from('late'));
  expect(seen).toEqual(['fresh', 'PORT_LOST']);
});
