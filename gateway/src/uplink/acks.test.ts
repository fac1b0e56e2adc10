import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { Acks } from './acks.js';

const STORE = 'b9b27f1c-5a3a-4a7f-a4a8-0b9a6f8f6a11';
const OTHER = 'c9b27f1c-5a3a-4a7f-a4a8-0b9a6f8f6a11';

function fixture() {
  const warnings: object[] = [];
  const calls: string[] = [];
  const acks = new Acks({
    storeId: STORE,
    position: { headSeq: 10 },
    mark: (seq) => void calls.push(`mark ${seq}`),
    advance: (seq) => void calls.push(`advance ${seq}`),
    onRolledBack: () => void calls.push('rolled back'),
    log: {
      ...silentLog,
      warn: (first: object | string) => {
        if (typeof first === 'object') warnings.push(first);
      },
    },
  });
  const take = (value: unknown): void =>
    acks.take(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
  return { warnings, calls, take };
}

const ack = (over: object) => ({ v: 1, store_id: STORE, through_seq: 7, rejected: [], ...over });

describe('Acks', () => {
  it('marks first and lets the pump go on then', () => {
    const f = fixture();
    f.take(ack({}));
    expect(f.calls).toEqual(['mark 7', 'advance 7']);
  });

  it('names the rows that central put aside; they are settled all the same', () => {
    const f = fixture();
    f.take(ack({ rejected: [{ seq: 3, code: 'ROW_INVALID' }] }));
    expect(f.warnings).toEqual([{ seq: 3, code: 'ROW_INVALID' }]);
    expect(f.calls).toContain('mark 7');
  });

  it('ignores the ack of another store', () => {
    const f = fixture();
    f.take(ack({ store_id: OTHER }));
    expect(f.calls).toEqual([]);
  });

  it('forgets nothing on an ack beyond what was ever written: this disk went back in time', () => {
    const f = fixture();
    f.take(ack({ through_seq: 11 }));
    expect(f.calls).toEqual(['rolled back']);
  });

  it.each([
    ['not json'],
    ['{}'],
    [ack({ through_seq: -1 })],
    [ack({ v: 2 })],
    [ack({ extra: 1 })],
  ])('takes no notice of %j', (value) => {
    const f = fixture();
    expect(() => f.take(value)).not.toThrow();
    expect(f.calls).toEqual([]);
  });
});
