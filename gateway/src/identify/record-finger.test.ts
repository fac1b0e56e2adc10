import { parseCanonical } from '@rollcall/protocol/credential';
import { RollcallError } from '@rollcall/protocol/errors';
import { gatewayEventSchema } from '@rollcall/protocol/gateway-event';
import { punchSchema } from '@rollcall/protocol/punch';
import { describe, expect, it } from 'vitest';
import type { FingerPresentation } from '../devices/presentation.js';
import { silentLog } from '../log.js';
import { stampOf, storeFixture } from '../store/store.fixture.js';
import { absentMatcher, type FingerMatch, type Matcher } from './matcher.js';
import { createRecordFinger, MATCH_TIMEOUT_MS, type RecordFingerOptions } from './record-finger.js';
import { hmacHex } from './roster.fixture.js';

const IMAGE = { width: 32, height: 32, dpi: 500, pixels: new Uint8Array(1_024) };
const CARD = { read: parseCanonical('em4100:0F00A1B2C3'), studentRef: 's1' };

function fixture(over: Partial<RecordFingerOptions> = {}) {
  const f = storeFixture({ writer: { schedule: setImmediate } });
  const record = createRecordFinger({
    hmacHex,
    slots: {
      holderOf: (_device, slot) => (slot === 3 ? 's1' : undefined),
      positionOf: (_device, slot) => (slot === 3 ? 7 : undefined),
    },
    maySayFinger: () => true,
    matcher: absentMatcher,
    newPunchId: f.store.newPunchId,
    stampAt: stampOf(f.clock),
    append: (row) => f.writer.append(row),
    expected: { isElsewhere: () => false, studentsAt: () => new Set(['s1']) },
    clock: f.clock,
    log: silentLog,
    ...over,
  });
  const touch = (finger: FingerPresentation['finger'], more: Partial<FingerPresentation> = {}) =>
    record({ deviceId: 'finger-1', finger, monoMs: f.clock.monoMs(), wallMs: f.clock.wallMs(), ...more });
  const rows = () => f.store.outbox.read(1, 100).map(({ seq, body }) => ({ seq, ...JSON.parse(body) }));
  return { ...f, touch, rows };
}

const engine = (match: FingerMatch): Matcher => ({ identify: async () => match });

describe('recording a finger', () => {
  it('keeps whose slot it is with the score of the module, in the form of the contract', async () => {
    const f = fixture();
    expect(await f.touch({ slot: 3, score: 187 }, { directionHint: 'in' })).toBe('kept');
    expect(punchSchema.parse(f.rows()[0])).toMatchObject({
      kind: 'finger',
      student: { student_ref: 's1', score: 187 },
      direction_hint: 'in',
    });
    expect(f.rows()[0]).not.toHaveProperty('verify_method');
    expect(await f.touch({ slot: 3 })).toBe('kept_again');
  });

  it.each([
    ['slot of a module', { slot: 3 }, 7],
    ['picture for the engine', { image: IMAGE }, 2],
    ['reader that compared it itself', { verified: 's1', position: 6, score: 9 }, 6],
  ] as const)('says which finger it was, of a %s, and only to a central that takes it', async (_, shown, position) => {
    const match: FingerMatch = { outcome: 'recognized', studentRef: 's1', position: 2, score: 41.5 };
    const central = { takesIt: false };
    const f = fixture({ matcher: engine(match), maySayFinger: () => central.takesIt });
    await f.touch(shown);
    central.takesIt = true;
    await f.touch(shown);
    const said = f.rows().map((row) => punchSchema.parse(row).student);
    expect(said).toMatchObject([{ student_ref: 's1' }, { student_ref: 's1', finger_position: position }]);
    expect(said[0]).not.toHaveProperty('finger_position');
  });

  it('keeps nothing of a slot that is nobody’s', async () => {
    const f = fixture();
    expect(await f.touch({ slot: 4, score: 187 })).toBe('not_recognized');
    expect(f.rows()).toEqual([]);
  });

  it('keeps a finger after the card of the same student as both', async () => {
    const f = fixture();
    expect(await f.touch({ slot: 3 }, { card: CARD })).toBe('kept');
    const punch = punchSchema.parse(f.rows()[0]);
    expect(punch).toMatchObject({ kind: 'finger', verify_method: 'card+finger' });
    expect(punch.credential?.hashes.length).toBeGreaterThan(0);
    expect(JSON.stringify(punch)).not.toContain('0F00A1B2C3');
  });

  it('keeps nothing of a finger after the card of somebody else', async () => {
    const f = fixture();
    expect(await f.touch({ slot: 3 }, { card: { ...CARD, studentRef: 's2' } })).toBe('not_recognized');
    expect(f.rows()).toEqual([]);
  });

  it('refuses pictures while there is no engine', async () => {
    const f = fixture();
    expect(await f.touch({ image: IMAGE })).toBe('refused');
    expect(f.rows()).toEqual([]);
  });

  it.each([
    ['recognized', 'kept', 1],
    ['ambiguous', 'not_recognized', 0],
    ['unreadable', 'not_recognized', 0],
    ['unknown', 'not_recognized', 0],
  ] as const)('takes the word of the engine: %s is %s', async (outcome, signal, kept) => {
    const match: FingerMatch =
      outcome === 'recognized'
        ? { outcome, studentRef: 's9', position: 2, score: 41.5 }
        : outcome === 'ambiguous'
          ? { outcome, studentRefs: ['s1', 's2'] }
          : { outcome };
    const f = fixture({ matcher: engine(match) });
    expect(await f.touch({ image: IMAGE })).toBe(signal);
    expect(f.rows().filter(({ kind }) => kind === 'finger')).toHaveLength(kept);
    expect(f.clock.pendingTimers).toBe(0);
  });

  it('gives the engine a template that a reader made, and whose finger it has to be', async () => {
    const asked: unknown[] = [];
    const matcher: Matcher = {
      identify: async (probe, { only }) => {
        asked.push({ probe, only });
        return { outcome: 'recognized', studentRef: 's1', position: 2, score: 50 };
      },
    };
    const f = fixture({ matcher });
    const template = Uint8Array.of(1, 2, 3);
    expect(await f.touch({ template }, { card: CARD })).toBe('kept');
    expect(asked).toEqual([{ probe: { template }, only: 's1' }]);
    expect(f.rows()[0]).not.toHaveProperty('template');
  });

  it('keeps a finger that the reader compared with the templates of the holder of a card', async () => {
    const f = fixture();
    expect(await f.touch({ verified: 's1', position: 6, score: 200 }, { card: CARD })).toBe('kept');
    expect(punchSchema.parse(f.rows()[0])).toMatchObject({
      kind: 'finger',
      verify_method: 'card+finger',
      student: { student_ref: 's1', score: 200 },
    });
  });

  it('case 114: a finger that fits two students marks nobody, and the office hears of both', async () => {
    const f = fixture({ matcher: engine({ outcome: 'ambiguous', studentRefs: ['s2', 's1'] }) });
    expect(await f.touch({ image: IMAGE })).toBe('not_recognized');
    expect(f.rows()).toHaveLength(1);
    expect(gatewayEventSchema.parse(f.rows()[0]).detail).toEqual({
      type: 'finger_ambiguous',
      device_id: 'finger-1',
      student_refs: ['s1', 's2'],
    });
  });

  it('asks for the one person of the card, or first among those who have class here now', async () => {
    const asked: object[] = [];
    const matcher: Matcher = {
      identify: async (_probe, { signal: _signal, ...scope }) => {
        asked.push(scope);
        return { outcome: 'unknown' };
      },
    };
    const f = fixture({ matcher });
    await f.touch({ image: IMAGE }, { card: CARD });
    await f.touch({ image: IMAGE });
    const unsynced = fixture({ matcher, stampAt: stampOf(f.clock, 'unsynced') });
    await unsynced.touch({ image: IMAGE });
    expect(asked).toEqual([{ only: 's1' }, { expected: new Set(['s1']) }, {}]);
  });

  it('says why a finger is red while the gallery is filled, and that this passes', async () => {
    const said: { code?: unknown }[] = [];
    const log = { ...silentLog, warn: (fields: object | string) => void said.push(fields as object) };
    const matcher: Matcher = {
      identify: () => Promise.reject(new RollcallError('GALLERY_FILLING', 'not yet')),
    };
    expect(await fixture({ matcher, log }).touch({ image: IMAGE })).toBe('refused');
    expect(said).toMatchObject([{ code: 'GALLERY_FILLING', deviceId: 'finger-1' }]);
  });

  it('lets nobody wait for an engine for ever', async () => {
    const matcher: Matcher = {
      identify: (_probe, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    const f = fixture({ matcher });
    const answer = f.touch({ image: IMAGE });
    f.clock.advance(MATCH_TIMEOUT_MS);
    expect(await answer).toBe('refused');
  });

  it.each([
    ['STORE_FULL', 'disk_full'],
    ['STORE_CORRUPT', 'refused'],
  ] as const)('is red when the store says %s', async (code, signal) => {
    const f = fixture({ append: async () => ({ kept: false, code }) });
    expect(await f.touch({ slot: 3 })).toBe(signal);
  });
});
