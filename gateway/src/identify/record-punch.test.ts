import { parseCanonical } from '@rollcall/protocol/credential';
import { punchSchema } from '@rollcall/protocol/punch';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { stampOf, storeFixture } from '../store/store.fixture.js';
import { CardLookup, type CardMatch } from './card-lookup.js';
import { ExpectedStudents } from './expected-students.js';
import { AGAIN_WITHIN_MS } from './recent-taps.js';
import { createRecordPunch, type RecordPunchOptions } from './record-punch.js';
import { credential, hmacHex, rosterDocument } from './roster.fixture.js';
import { RosterStore } from './roster-store.js';

async function fixture(over: Partial<RecordPunchOptions> = {}) {
  const f = storeFixture({ writer: { schedule: setImmediate } });
  await new RosterStore(f.store).replace(rosterDocument(1, { s1: [credential('em4100:0F00A1B2C3')] }));
  const record = createRecordPunch({
    hmacHex,
    lookup: new CardLookup(f.store.db),
    newPunchId: f.store.newPunchId,
    stampAt: stampOf(f.clock),
    append: (row) => f.writer.append(row),
    expected: new ExpectedStudents(),
    log: silentLog,
    ...over,
  });
  const tap = (canonical: string) =>
    record({
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
    const f = await fixture({ lookup: { find } });
    expect(await f.tap('em4100:0F00A1B2C3')).toBe('kept_unknown');
    expect(f.rows()).toHaveLength(1);
  });
});
