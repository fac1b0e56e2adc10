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
    expect(fingers.take('zk-gate', terminal, { ...finger, record: Buffer.from('ours') })).toBe('known');
    // One that nobody could read is not ours, either.
    expect(fingers.take('zk-gate', terminal, { ...finger, record: undefined })).toBe('undone');
    expect(book.finger(identity, '1', 2)).toMatchObject({ templateId: 'ours', isHeld: false });
  });

  it('are undone three times in an hour: a terminal may give back in another form what it is given', () => {
    const { store } = storeFixture();
    const clock = new ManualClock();
    const book = new TerminalBook(store.db);
    book.putUser(identity, { userId: '1', isHeld: true });
    const reports: object[] = [];
    const fingers = new BroughtFingers({
      book,
      gallery: { read: () => Buffer.from('ours') },
      clock,
      log: silentLog,
      report: (detail) => void reports.push(detail),
    });
    const given = { userId: '1', fingerPosition: 2, templateId: 'ours', isHeld: true };
    const learned = { user: '1', studentRef: 's1', fingerPosition: 2, format: 'zk-finger-10' };
    const bring = (): string => {
      book.putFinger(identity, given);
      const terminal = { identity, manages: 'campus' } as TerminalPeople;
      return fingers.take('zk-gate', terminal, { ...learned, record: Buffer.from('learned') });
    };
    expect([bring(), bring(), bring(), bring()]).toEqual(['undone', 'undone', 'undone', 'refused']);
    expect(book.finger(identity, '1', 2)).toMatchObject({ isHeld: true });
    expect(reports).toHaveLength(1);
    clock.advance(3_600_000);
    expect(bring()).toBe('undone');
  });
});
