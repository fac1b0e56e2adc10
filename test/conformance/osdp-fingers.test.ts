import type { Verification } from '@rollcall/gateway/drivers/finger/verifier';
import { readFingerRecord } from '@rollcall/protocol/finger-record-read';
import { afterEach, describe, expect, it } from 'vitest';
import { enrolledRecord } from './support/finger-records.js';
import { KEY, OsdpBench } from './support/osdp-bench.js';

const CARD = '7B11D7';
const ADDRESS = 5;

let bench: OsdpBench;
afterEach(() => bench.stop());

async function secured(fingers: string, settings: Record<string, string> = {}, options = {}) {
  bench = new OsdpBench({ addresses: '5', scbk: KEY, fingers: 'on', ...settings });
  bench.bus.choose(ADDRESS);
  const supervisor = bench.add(ADDRESS, { scbk_file: bench.keyFile(KEY), fingers, ...options });
  await bench.until('its session stands', () => ['ready', 'degraded'].includes(bench.state(ADDRESS).state));
  return supervisor;
}

const templates = () =>
  bench.events.flatMap((event) => (event.type === 'finger_template' ? [event.template] : []));

async function touch(finger: string): Promise<void> {
  bench.bus.fingerIn(finger);
  await bench.pass(2_500);
  bench.bus.fingerOut();
}

describe('an OSDP reader whose fingers the gateway recognizes', () => {
  it.each([
    ['in one packet', {}],
    ['as a reply in parts', { packet: '128', parts: 'whole' }],
    ['with its rest in parts', { packet: '128', parts: 'rest' }],
  ])('sends a template of each finger, once a touch: %s', async (_how, settings: Record<string, string>) => {
    await secured('gateway', settings);
    await touch('asha-right-thumb');
    await touch('ravi-left-index');
    const records = templates().map((template) => readFingerRecord(template));
    expect(records.map(({ format }) => format)).toEqual(['incits378-2004', 'incits378-2004']);
    expect(records[0]?.views[0]?.minutiae).toHaveLength(32);
    expect(records[0]).not.toEqual(records[1]);
  });

  it('goes on reading cards while it waits for a finger, and after a scan that ended without one', async () => {
    await secured('gateway');
    await bench.pass(12_000);
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(ADDRESS)).toHaveLength(1);
    await touch('asha-right-thumb');
    expect(templates()).toHaveLength(1);
  });

  it('is asked anew after it lost its power in the middle of a template', async () => {
    await secured('gateway', { packet: '128' });
    bench.bus.fingerIn('asha-right-thumb');
    await bench.until('the first part is on its way', () => bench.traffic.some(({ hex }) => isFinger(hex)));
    bench.bus.choose(ADDRESS).reboot();
    bench.bus.fingerOut();
    await bench.pass(4_000);
    expect(templates()).toEqual([]);
    await touch('asha-right-thumb');
    expect(templates()).toHaveLength(1);
  });

  it.each([
    'badMac',
    'replay',
    'clear',
  ] as const)('never has a finger believed that was spoiled: %s', async (fault) => {
    await secured('gateway');
    bench.bus.choose(ADDRESS).faults[fault] = 1;
    await touch('asha-right-thumb');
    expect(templates()).toEqual([]);
    expect(bench.rejections()).toContain('unsecured');
    await bench.pass(2_000);
    await touch('asha-right-thumb');
    expect(templates()).toHaveLength(1);
  });

  it('leaves nothing of a finger in the capture, or on the cable in the clear', async () => {
    const supervisor = await secured('gateway');
    await touch('asha-right-thumb');
    const sent = bench.traffic.filter(({ hex }) => isFinger(hex));
    expect(sent).toHaveLength(1);
    const captured = Buffer.concat(supervisor.capture.pieces().map(({ bytes }) => bytes)).toString('hex');
    expect(captured).not.toContain(sent[0]?.hex.slice(20, 80));
    expect(bench.traffic.some(({ hex }) => hex.includes('464d5200'))).toBe(false);
  });

  it('says so where the reader has no sensor, and its cards count all the same', async () => {
    await secured('gateway', { fingers: 'off' });
    expect(bench.state(ADDRESS)).toMatchObject({ state: 'degraded', problem: { code: 'DEVICE_REFUSED' } });
    bench.card(CARD);
    await bench.pass(1_000);
    expect(bench.cards(ADDRESS)).toHaveLength(1);
  });
});

describe('an OSDP reader that compares the finger after a card', () => {
  /** Asks for a finger, lays it on, and waits for the outcome. */
  async function compare(
    records: readonly Uint8Array[],
    finger: string | undefined,
    settings: Record<string, string> = {},
  ): Promise<Verification> {
    const supervisor = await secured('reader', settings);
    const known = records.map((record, index) => ({
      templateId: `t${index + 1}`,
      position: index + 1,
      record,
    }));
    const asked = supervisor.verifier()?.verify(known, new AbortController().signal);
    let verification: Verification | undefined;
    asked?.then((outcome) => {
      verification = outcome;
    });
    await bench.pass(500);
    if (finger !== undefined) {
      for (const _record of records) {
        bench.bus.fingerIn(finger);
        await bench.pass(1_000);
        bench.bus.fingerOut();
        await bench.pass(1_000);
      }
    }
    await bench.until('the outcome', () => verification !== undefined);
    return verification ?? { outcome: 'absent' };
  }

  const own = () => enrolledRecord('asha-right-thumb');

  it.each([
    ['in one packet', {}],
    ['in parts', { packet: '128' }],
  ])('finds the finger of the holder, and no other: %s', async (_how, settings) => {
    expect(await compare([own()], 'asha-right-thumb', settings)).toMatchObject({ outcome: 'fits' });
    await bench.stop();
    expect(await compare([own()], 'ravi-left-index', settings)).toEqual({ outcome: 'other' });
  });

  it('tries the fingers of the holder one after the other', async () => {
    const outcome = await compare([enrolledRecord('ravi-left-index'), own()], 'asha-right-thumb');
    expect(outcome).toMatchObject({ outcome: 'fits', templateId: 't2' });
  });

  it('lets nobody wait who does not want to', async () => {
    expect(await compare([own(), own()], undefined)).toEqual({ outcome: 'absent' });
  });

  it('does not believe a match whose score is below what is asked for', async () => {
    const supervisor = await secured('reader', {}, { match_score: 255 });
    const asked = supervisor
      .verifier()
      ?.verify(
        [{ templateId: 't1', position: 1, record: enrolledRecord('asha-right-thumb', 4) }],
        new AbortController().signal,
      );
    await bench.pass(500);
    bench.bus.fingerIn('asha-right-thumb');
    await bench.pass(2_000);
    expect(await asked).toEqual({ outcome: 'other' });
  });

  it('refuses a template that the reader has no room for', async () => {
    const supervisor = await secured('reader');
    const asked = supervisor
      .verifier()
      ?.verify(
        [{ templateId: 't1', position: 1, record: new Uint8Array(3_000) }],
        new AbortController().signal,
      );
    const refused = expect(asked).rejects.toMatchObject({ code: 'DEVICE_REFUSED' });
    await bench.pass(500);
    await refused;
  });

  it('ends with the next card, and the reader is told', async () => {
    const supervisor = await secured('reader');
    const next = new AbortController();
    const asked = supervisor
      .verifier()
      ?.verify([{ templateId: 't1', position: 1, record: own() }], next.signal);
    const ended = expect(asked).rejects.toThrow('the next card');
    await bench.pass(500);
    next.abort(new Error('the next card'));
    await ended;
    await bench.pass(500);
    bench.bus.fingerIn('asha-right-thumb');
    await bench.pass(1_000);
    expect(bench.rejections()).toEqual([]);
  });

  it.each([
    { abort: 'late', how: 'has a result in its queue when it is told to stop', isTouched: true },
    { abort: 'unknown', how: 'cannot be told to stop', isTouched: false },
    { abort: 'clean', how: 'is told to stop by the next question', isTouched: false, isSilent: true },
  ])('never takes a finger for that of the next card: the reader $how', async (reader) => {
    const supervisor = await secured('reader', { abort: reader.abort });
    await bench.pass(500);
    const next = new AbortController();
    const first = supervisor
      .verifier()
      ?.verify([{ templateId: 't1', position: 1, record: own() }], next.signal);
    const ended = Promise.allSettled([first]);
    await bench.pass(500);
    if (reader.isTouched) bench.bus.fingerIn('asha-right-thumb');
    if (reader.isSilent !== true) next.abort(new Error('the next card'));
    let second: Verification | undefined;
    void supervisor
      .verifier()
      ?.verify(
        [{ templateId: 't7', position: 7, record: enrolledRecord('ravi-left-index') }],
        new AbortController().signal,
      )
      .then((outcome) => {
        second = outcome;
      });
    if (reader.abort === 'unknown') {
      await bench.pass(500);
      bench.bus.fingerIn('asha-right-thumb');
    }
    await bench.pass(2_000);
    bench.bus.fingerOut();
    expect(second).toBeUndefined();
    bench.bus.fingerIn('ravi-left-index');
    await bench.until('the finger of the next card', () => second !== undefined);
    expect(second).toMatchObject({ outcome: 'fits', templateId: 't7' });
    const [one] = await ended;
    expect(one).toMatchObject(
      reader.isSilent === true ? { value: { outcome: 'absent' } } : { status: 'rejected' },
    );
    expect(bench.rejections()).toEqual([]);
  });

  it('is not asked for the next finger for longer than a scan takes where it cannot be told to stop', async () => {
    const supervisor = await secured('reader', { abort: 'unknown' });
    const asked = supervisor
      .verifier()
      ?.verify([{ templateId: 't1', position: 1, record: own() }], new AbortController().signal);
    let outcome: Verification | undefined;
    void asked?.then((verification) => {
      outcome = verification;
    });
    await bench.pass(31_000);
    bench.bus.fingerIn('asha-right-thumb');
    await bench.until('the outcome', () => outcome !== undefined);
    expect(outcome).toMatchObject({ outcome: 'fits' });
  });

  it('fails where the reader is lost meanwhile', async () => {
    const supervisor = await secured('reader');
    const asked = supervisor
      .verifier()
      ?.verify([{ templateId: 't1', position: 1, record: own() }], new AbortController().signal);
    const lost = expect(asked).rejects.toMatchObject({ code: 'DEVICE_TIMEOUT' });
    await bench.pass(500);
    bench.bus.choose(ADDRESS).reboot();
    await bench.pass(4_000);
    await lost;
  });
});

/** A sealed BIOREADR. */
const isFinger = (hex: string): boolean => hex.slice(12, 16) === '1857';
