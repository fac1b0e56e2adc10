import { hasCode, RollcallError } from '@rollcall/protocol/errors';

/** A module that has just got power hears nothing for a while, and one that heard noise waits for its end. */
const TRIES_PER_SPEED = 2;

export interface SpeedSearch {
  /** The likeliest first. */
  bauds: readonly number[];
  setBaud(baud: number): Promise<void>;
  /** A question that the module answers at its own speed only. */
  greet(): Promise<unknown>;
  quiet(): Promise<void>;
  /** What is looked for, for the error message. */
  what: string;
  /** How often it is greeted at each speed; left out where the greeting is said once. */
  tries?: number;
  /** What to check when nobody answers. */
  advice: string;
}

/**
 * The speed at which the module answers.
 *
 * @throws RollcallError `DEVICE_TIMEOUT` when no speed brings an answer, and whatever `greet` fails with otherwise.
 */
export async function findSpeed({
  bauds,
  setBaud,
  greet,
  quiet,
  what,
  tries = TRIES_PER_SPEED,
  advice,
}: SpeedSearch): Promise<number> {
  for (const baud of bauds) {
    await setBaud(baud);
    for (let turn = 0; turn < tries; turn++) {
      try {
        await greet();
        return baud;
      } catch (error) {
        if (!hasCode(error, 'DEVICE_TIMEOUT')) throw error;
        await quiet();
      }
    }
  }
  throw new RollcallError(
    'DEVICE_TIMEOUT',
    `No ${what} answers at ${bauds.join(', ')} baud; check ${advice}`,
  );
}
