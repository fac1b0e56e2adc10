import * as z from 'zod';
import { Random } from '../random.js';
import { defineFault } from './fault.js';
import { seedSchema, wholeNumberSchema } from './option-bounds.js';

const NOISE_BYTES_MAX = 16_384;

/** Interference: random bytes on the line, the same for the same seed. */
export const noise = defineFault({
  id: 'noise',
  title: 'sends random bytes',
  options: z.strictObject({
    bytes: wholeNumberSchema(1, NOISE_BYTES_MAX),
    seed: seedSchema.optional(),
  }),
  positional: ['bytes', 'seed'],
  inflict(device, { bytes, seed }) {
    const random = seed === undefined ? device.random : new Random(seed);
    device.wire.sendLoose(random.bytes(bytes));
  },
});
