import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { Random } from '@rollcall/firmware-sim/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import type { Reader } from '../support/reader.js';

const ROUNDS = 10;
const NOISE_BYTES = [1, 7, 64, 700];

describe('noise on the line', () => {
  let campus: Campus;
  let random: Random;
  beforeAll(async () => {
    random = new Random(20_260_701);
    campus = await Campus.start({
      gateways: [
        {
          id: 'gw-a',
          readers: [
            { id: 'line-1', driver: 'line' },
            { id: 'lights', driver: 'line' },
            { id: 'rdm-1', driver: 'rdm6300', lights: 'lights' },
          ],
        },
      ],
    });
    for (const id of ['line-1', 'rdm-1']) await campus.tapNewCard(campus.reader(id));
  });
  afterAll(() => campus?.stop());

  /** The card shown into the noise may be lost; the next one may not. */
  async function nextCardIsSeen(reader: Reader): Promise<void> {
    const before = reader.presentations;
    expect(await campus.tapNewCard(reader)).toBe('green');
    expect(reader.presentations - before, 'times the card had to be shown').toBe(1);
  }

  const lost: { reader: string; uid: string }[] = [];
  function showIntoNoise(reader: Reader): void {
    const uid = campus.cards.next(reader.driver);
    lost.push({ reader: reader.id, uid });
    reader.device.hold(uid);
  }

  it.each(['line-1', 'rdm-1'])('before a frame of %s costs at most that frame', async (id) => {
    const reader = campus.reader(id);
    for (let round = 0; round < ROUNDS; round++) {
      await inflictFault(reader.device, 'noise', { bytes: random.pick(NOISE_BYTES), seed: round });
      showIntoNoise(reader);
      await nextCardIsSeen(reader);
    }
  });

  it.each(['line-1', 'rdm-1'])('inside a frame of %s costs at most that frame', async (id) => {
    const reader = campus.reader(id);
    for (let round = 0; round < ROUNDS; round++) {
      reader.device.wire.distortNextFrames((frame) => {
        const at = random.int(1, frame.length - 1);
        return [
          { kind: 'bytes', bytes: frame.subarray(0, at) },
          { kind: 'bytes', bytes: random.bytes(random.pick(NOISE_BYTES)) },
          { kind: 'bytes', bytes: frame.subarray(at) },
        ];
      });
      showIntoNoise(reader);
      await nextCardIsSeen(reader);
    }
  });

  it.each(['line-1', 'rdm-1'])('after a frame of %s costs at most the next one', async (id) => {
    const reader = campus.reader(id);
    for (let round = 0; round < ROUNDS; round++) {
      reader.device.wire.distortNextFrames((frame) => [
        { kind: 'bytes', bytes: frame },
        { kind: 'bytes', bytes: random.bytes(random.pick(NOISE_BYTES)) },
      ]);
      showIntoNoise(reader);
      showIntoNoise(reader);
      await nextCardIsSeen(reader);
    }
  });

  it('never made a card that nobody showed, and every green light is one punch', async () => {
    await campus.drained();
    const shown = campus.taps.map((tap) => `${tap.readerId} ${tap.uid}`);
    // Cards shown into the noise are known to the harness, so that their punches can be told from inventions.
    const punched = await campus.punchedCards(lost.map(({ reader, uid }) => ({ readerId: reader, uid })));
    const possible = new Set([...shown, ...lost.map(({ reader, uid }) => `${reader} ${uid}`)]);
    expect(punched.filter((card) => !possible.has(card))).toEqual([]);
    expect(punched.length).toBe(campus.greens);
    expect(new Set(punched).size).toBe(punched.length);
    expect(shown.filter((card) => !punched.includes(card))).toEqual([]);
  });
});
