import type * as z from 'zod';
import type { SimulatedDevice } from '../devices/simulated-device.js';

/** One way in which a device or its cable misbehaves; usable on any device. */
export interface Fault<Options extends Record<string, unknown> = Record<string, unknown>> {
  id: string;
  title: string;
  options: z.ZodType<Options>;
  /** The names of the options in the order in which the command line takes them. */
  positional: readonly string[];
  inflict(device: SimulatedDevice, options: Options): void | Promise<void>;
}

/** Ties the options of a fault to its schema, then forgets the exact type so that all faults fit in one list. */
export function defineFault<Options extends Record<string, unknown>>(fault: Fault<Options>): Fault {
  return fault as unknown as Fault;
}
