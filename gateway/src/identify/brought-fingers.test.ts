import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it, vi } from 'vitest';
import type { TerminalPeople } from '../drivers/terminal-people.js';
import { silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import { BroughtFingers } from './brought-fingers.js';
import { TerminalBook } from './terminal-book.js';

const identity = 'zk:SN1';

describe('fingers that a terminal took unasked', () => {
  it('are written once however often they come, without a look at all of its users', () => {
    const { store } = storeFixture();
    const book = new TerminalBook(store.db);
    book.putUser(identity, { userId: '1', isHeld: true });
    const fingers = new BroughtFingers({
      book,
      gallery: { read: () => Buffer.from('ours') },
      clock: new ManualClock(),
      log: silentLog,
      report: () => undefined,
    });
    const [put, users] = [vi.spyOn(book, 'putFinger'), vi.spyOn(book, 'users')];
    const terminal = { identity, manages: 'campus' } as TerminalPeople;
    const finger = { user: '1', studentRef: 's1', fingerPosition: 2, format: 'zk-finger-10' };
    for (let n = 0; n < 20; n++) {
      const record = Buffer.from(`another ${n}`);
      expect(fingers.take('zk-gate', terminal, { ...finger, record })).toBe('undone');
    }
    expect(put).toHaveBeenCalledTimes(1);
    expect(users).not.toHaveBeenCalled();
    // Once the terminal says that it has ours again, the next one counts again.
    book.putFinger(identity, { userId: '1', fingerPosition: 2, templateId: 'ours', isHeld: true });
    fingers.take('zk-gate', terminal, { ...finger, record: Buffer.from('another') });
    expect(book.finger(identity, '1', 2)).toMatchObject({ templateId: 'ours', isHeld: false });
  });
});
