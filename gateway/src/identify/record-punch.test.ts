import { parseCanonical } from '@rollcall/protocol/credential';
import { punchSchema } from '@rollcall/protocol/punch';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { stampOf, storeFixture } from '../store/store.fixture.js';
import { CardLookup, type CardMatch } from './card-lookup.js';
import { ExpectedStudents } from './expected-students.js';
import { PIN_LOCK_MS, PinTries, WRONG_PINS_MAX } from './pin-tries.js';
import { AGAIN_WITHIN_MS } from './recent-taps.js';
import { createRecordPunch, type RecordPunchOptions } from './record-punch.js';
import { credential, hmacHex, pinCredential, rosterDocument } from './roster.fixture.js';
import { RosterStore } from './roster-store.js';

async function fixture(over: Partial<RecordPunchOptions> = {}) {
  const f = storeFixture({ writer: { schedule: setImmediate } });
  await new RosterStore(f.store).replace(
    rosterDocument(1, {
      s1: [credential('em4100:0F00A1B2C3'), pinCredential('s1', '471108')],
      s2: [credential('em4100:0F00A1B2C4')],
    }),
  );
  const record = createRecordPunch({
    hmacHex,
    lookup: new CardLookup(f.store.db),
    pinTries: new PinTries(f.clock),
    newPunchId: f.store.newPunchId,
    stampAt: stampOf(f.clock),
    append: (row) => f.writer.append(row),
    expected: new ExpectedStudents(),
    log: silentLog,
    ...over,
  });
  const tap = (canonical: string, pin?: string) =>
    record({
      ...(pin === undefined ? {} : { pin }),
      deviceId: 'reader-1',
      read: parseCanonical(canonical),
      directionHint: 'in',
      monoMs: f.clock.monoMs(),
      wallMs: f.clock.wallMs(),
    });
  const rows = () => f.store.outbox.read(1, 100).map(({ seq, body }) => ({ seq, ...JSON.parse(body) }));
  return { ...f, tap, rows };
}

describe('recording a punch', () => {
  it('keeps a known card with its holder, in the form of the contract', async () => {
    const f = await fixture();
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept');
    const punch = punchSchema.parse(f.rows()[0]);
    expect(punch).toMatchObject({
      seq: 1,
      student: { student_ref: 's1' },
      direction_hint: 'in',
      device_id: 'reader-1',
    });
  });

  it('keeps an unknown card too, without a holder, and lets no card number leave', async () => {
    const f = await fixture();
    expect(await f.tap('em4100:0F00000009')).toBe('kept_unknown');
    const punch = punchSchema.parse(f.rows()[0]);
    expect(punch.student).toBeUndefined();
    expect(JSON.stringify(punch)).not.toContain('0F00000009');
  });

  it('keeps every one of two taps on the same card', async () => {
    const f = await fixture();
    await Promise.all([f.tap('em4100:0F00A1B2C3'), f.tap('em4100:0F00A1B2C3')]);
    const ids = f.rows().map((row) => row.punch_id);
    expect(new Set(ids).size).toBe(2);
  });

  it.each([
    ['STORE_FULL', 'disk_full'],
    ['STORE_BUSY', 'refused'],
  ] as const)('shows red when the store refuses with %s, as %s', async (code, signal) => {
    const f = await fixture({ append: () => Promise.resolve({ kept: false, code }) });
    expect(await f.tap('em4100:0F00A1B2C3')).toBe(signal);
  });

  it('keeps a second tap within a minute, and tells that the first was kept', async () => {
    const f = await fixture();
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept');
    f.clock.advance(AGAIN_WITHIN_MS - 1);
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept_again');
    f.clock.advance(AGAIN_WITHIN_MS);
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept');
    expect(f.rows()).toHaveLength(3);
  });

  it('keeps the tap of somebody whose class is not the one here, and tells it', async () => {
    const expected = new ExpectedStudents();
    const f = await fixture({ expected });
    const nowMs = f.clock.wallMs();
    const here = (student_refs: string[]) => [
      {
        device_ids: ['reader-1'],
        from: new Date(nowMs).toISOString(),
        until: new Date(nowMs + 1_000).toISOString(),
        student_refs,
      },
    ];
    expected.replace(here(['s2']));
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept_elsewhere');
    expected.replace(here(['s1', 's2']));
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept_again');
    expect(f.rows()).toHaveLength(2);
  });

  it('never rejects: what is not known to be kept is red', async () => {
    const f = await fixture({ append: () => Promise.reject(new Error('bug')) });
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('refused');
  });

  it('keeps the punch when only the roster cannot be read', async () => {
    const find = (): CardMatch => {
      throw new Error('damaged index');
    };
    const f = await fixture({ lookup: { find, hasPin: () => false } });
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept_unknown');
    expect(f.rows()).toHaveLength(1);
  });

  describe('with a PIN', () => {
    const CARD = 'em4100:0F00A1B2C3';

    it('keeps the right one as a punch of its own, and nothing of what was typed', async () => {
      const f = await fixture();
      expect(await f.tap(CARD, '471108')).toBe('kept');
      const [row] = f.rows();
      expect(punchSchema.parse(row)).toMatchObject({
        kind: 'pin',
        verify_method: 'card+pin',
        student: { student_ref: 's1' },
      });
      expect(row.credential.technology).toBe('em4100');
      expect(JSON.stringify(row.credential)).not.toContain('471108');
    });

    it('keeps nothing of a wrong one, of one without a PIN, and of a card of nobody', async () => {
      const f = await fixture();
      expect(await f.tap(CARD, '471109')).toBe('pin_wrong');
      expect(await f.tap('em4100:0F00A1B2C4', '471108')).toBe('pin_wrong');
      expect(await f.tap('em4100:0F00000009', '471108')).toBe('pin_wrong');
      expect(f.rows()).toEqual([]);
    });

    it('looks at no more PINs of a card after so many wrong ones, until a while has passed', async () => {
      const f = await fixture();
      for (let count = 0; count < WRONG_PINS_MAX; count++) await f.tap(CARD, '000000');
      expect(await f.tap(CARD, '471108')).toBe('pin_wrong');
      expect(await f.tap(CARD)).toBe('kept');
      f.clock.advance(PIN_LOCK_MS);
      expect(await f.tap(CARD, '471108')).toBe('kept');
    });

    it('begins to count anew after a right one', async () => {
      const f = await fixture();
      for (let turn = 0; turn < 3; turn++) {
        for (let count = 1; count < WRONG_PINS_MAX; count++) await f.tap(CARD, '000000');
        expect(await f.tap(CARD, '471108')).toBe('kept');
      }
    });
  });
});
