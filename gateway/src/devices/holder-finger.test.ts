import { parseCanonical } from '@rollcall/protocol/credential';
import { expect, it } from 'vitest';
import type { KnownFinger, Verification } from '../drivers/finger/verifier.js';
import { HolderFinger } from './holder-finger.js';

const READ = parseCanonical('em4100:0F00A1B2C3');
const OTHER_READ = parseCanonical('em4100:0F00A1B2C4');
const NOBODY = parseCanonical('em4100:0F00A1B2C5');
const FINGER = { templateId: 't1', position: 1, record: Uint8Array.of(1) };

interface Asked {
  fingers: readonly KnownFinger[];
  signal: AbortSignal;
  answer(verification: Verification): void;
  fail(reason: unknown): void;
}

function fixture({ hasVerifier = true } = {}) {
  const asked: Asked[] = [];
  const said: unknown[] = [];
  const known: KnownFinger[] = [FINGER];
  const finger = new HolderFinger({
    fingers: {
      holderOf: (read) =>
        ({ [READ.values.full ?? '']: 's1', [OTHER_READ.values.full ?? '']: 's2' })[read.values.full ?? ''],
      fingersOf: (studentRef) => (studentRef === 's1' ? [...known] : []),
    },
    verifier: () =>
      hasVerifier
        ? {
            verify: (fingers, signal) =>
              new Promise((answer, fail) => asked.push({ fingers, signal, answer, fail })),
          }
        : undefined,
    onOutcome: (outcome, card) => said.push({ ...outcome, studentRef: card.studentRef }),
    onFailure: (error) => said.push(error),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { asked, said, known, finger, settled };
}

it('asks the reader for the finger of whoever showed the card', async () => {
  const { asked, said, finger, settled } = fixture();
  finger.cardShown(READ);
  expect(asked[0]?.fingers).toEqual([FINGER]);
  asked[0]?.answer({ outcome: 'fits', templateId: 't1', score: 200 });
  await settled();
  expect(said).toEqual([{ outcome: 'fits', position: 1, score: 200, studentRef: 's1' }]);
});

it('asks nobody for a finger that is not enrolled, and no reader that compares none', () => {
  const { asked, finger } = fixture();
  finger.cardShown(OTHER_READ);
  finger.cardShown(NOBODY);
  expect(asked).toEqual([]);
  const without = fixture({ hasVerifier: false });
  without.finger.cardShown(READ);
  expect(without.asked).toEqual([]);
});

it('is ended by the next card: what comes of it then counts for nobody', async () => {
  const { asked, said, finger, settled } = fixture();
  finger.cardShown(READ);
  finger.cardShown(OTHER_READ);
  expect(asked[0]?.signal.aborted).toBe(true);
  asked[0]?.answer({ outcome: 'fits', templateId: 't1', score: 255 });
  await settled();
  expect(said).toEqual([]);
});

it('recognizes no finger that was revoked while the reader compared it, whatever else the person has', async () => {
  const { asked, said, known, finger, settled } = fixture();
  finger.cardShown(READ);
  known.splice(0, 1, { ...FINGER, templateId: 't2' });
  asked[0]?.answer({ outcome: 'fits', templateId: 't1', score: 200 });
  await settled();
  finger.cardShown(READ);
  asked[1]?.answer({ outcome: 'fits', templateId: 't2', score: 200 });
  await settled();
  expect(said).toEqual([
    { outcome: 'other', studentRef: 's1' },
    { outcome: 'fits', position: 1, score: 200, studentRef: 's1' },
  ]);
});

it('tells why a finger could not be compared, unless it was ended', async () => {
  const { asked, said, finger, settled } = fixture();
  finger.cardShown(READ);
  asked[0]?.fail('lost');
  await settled();
  finger.cardShown(READ);
  finger.end();
  asked[1]?.fail('ended');
  await settled();
  expect(said).toEqual(['lost']);
});
