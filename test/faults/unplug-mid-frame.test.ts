import { inflictFault } from '@rollcall/firmware-sim/faults/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import type { ReaderPlan } from '../support/gateway-process.js';
import type { Reader } from '../support/reader.js';
import { until } from '../support/until.js';

const LINE_READERS: readonly ReaderPlan[] = Array.from({ length: 8 }, (_, index) => ({
  id: `line-${index + 1}`,
  driver: 'line',
}));
const RDM_READERS: readonly ReaderPlan[] = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => ({
  id: `rdm-${number}`,
  driver: 'rdm6300',
  lights: `line-${number}`,
}));
const RDM_FRAME_BYTES = 14;
/**
 * Without its end byte a second frame is one of a clone that has none, if the gateway sees 20 ms of silence before it
 * sees the hang-up: to read that card is right, and not to read it, too.
 */
const RDM_SECOND_FRAME_CUTS = RDM_FRAME_BYTES - 1;

describe('a reader that is unplugged in the middle of a frame', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start({ gateways: [{ id: 'gw-a', readers: [...LINE_READERS, ...RDM_READERS] }] });
  });
  afterAll(() => campus?.stop());

  it('makes no card out of the half frame, at any byte of a line, and works after the replug', async () => {
    const frameBytes = await lineFrameBytes(campus);
    const cuts = Array.from({ length: frameBytes }, (_, atByte) => atByte);
    await shareOut(campus, LINE_READERS, cuts, async (reader, atByte) => {
      await inflictFault(reader.device, 'cut', { at_byte: atByte });
      await showUntilUnplugged(campus, reader);
    });
    await expectGreensArePunches(campus);
  });

  it('makes no card out of the first or the second frame of an RDM6300, cut at any byte', async () => {
    const cuts = [1, 2].flatMap((frame) =>
      Array.from({ length: frame === 1 ? RDM_FRAME_BYTES : RDM_SECOND_FRAME_CUTS }, (_, atByte) => ({
        frame,
        atByte,
      })),
    );
    await shareOut(campus, RDM_READERS, cuts, async (reader, { frame, atByte }) => {
      if (frame === 1) await inflictFault(reader.device, 'cut', { at_byte: atByte });
      else cutSecondFrame(reader, atByte);
      await showUntilUnplugged(campus, reader);
    });
    await expectGreensArePunches(campus);
  });
});

/** Gives every cut to one of the readers; each taps a card after its replug, which must be seen. */
async function shareOut<Cut>(
  campus: Campus,
  plans: readonly ReaderPlan[],
  cuts: readonly Cut[],
  unplugAt: (reader: Reader, cut: Cut) => Promise<void>,
): Promise<void> {
  await Promise.all(
    plans.map(async ({ id }, share) => {
      const reader = campus.reader(id);
      for (const cut of cuts.filter((_, index) => index % plans.length === share)) {
        await unplugAt(reader, cut);
        await campus.gateway.plug(reader);
        expect(await campus.tapNewCard(reader), JSON.stringify(cut)).toBe('green');
      }
    }),
  );
}

async function showUntilUnplugged(campus: Campus, reader: Reader): Promise<void> {
  reader.device.hold(campus.cards.next(reader.driver));
  await until(`${reader.id} is unplugged`, () => !reader.device.wire.isPlugged);
  reader.device.field.remove();
}

/** The frame that the firmware sends right after the one that is under way. */
function cutSecondFrame(reader: Reader, atByte: number): void {
  const { wire } = reader.device;
  wire.distortNextFrames((first) => {
    wire.distortNextFrames((second) => [
      { kind: 'bytes', bytes: second.subarray(0, atByte) },
      { kind: 'act', act: () => void reader.device.unplug() },
    ]);
    return [{ kind: 'bytes', bytes: first }];
  });
}

async function lineFrameBytes(campus: Campus): Promise<number> {
  const reader = campus.reader('line-1');
  let bytes = 0;
  reader.device.onReport((event) => {
    if (event.event === 'sent' && Buffer.from(event.hex, 'hex').toString('latin1').startsWith('CARD,')) {
      bytes = event.hex.length / 2;
    }
  });
  await campus.tapNewCard(reader);
  return until('the length of a frame is known', () => (bytes > 0 ? bytes : undefined));
}
