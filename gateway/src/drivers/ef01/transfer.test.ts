import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { Transfer } from './transfer.js';

/** EF01 note §2. */
describe('a transfer of data packets', () => {
  it('is over with its last packet: what comes behind it starts no wait', async () => {
    const clock = new ManualClock();
    const transfer = new Transfer(clock, 1_000);
    transfer.add(Uint8Array.of(1), true);
    transfer.add(Uint8Array.of(2), false);
    expect(clock.pendingTimers).toBe(0);
    expect([...(await transfer.content)]).toEqual([1]);
  });

  it('is over when it failed', async () => {
    const clock = new ManualClock();
    const transfer = new Transfer(clock, 1_000);
    transfer.fail(new Error('closed'));
    transfer.add(Uint8Array.of(1), false);
    expect(clock.pendingTimers).toBe(0);
    await expect(transfer.content).rejects.toThrow('closed');
  });
});
