import { type Clock, delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';

/** How long enrollment waits for a finger; people read the instructions first. */
export const TOUCH_TIMEOUT_MS = 30_000;
const LOOK_EVERY_MS = 150;
/** A finger is gone after so many looks without it. */
const ABSENT_LOOKS = 3;

export interface PresenceOptions {
  clock: Clock;
  /** Whether a finger is there now. */
  look(): Promise<boolean>;
  signal: AbortSignal;
}

/** @throws RollcallError `FINGER_ABSENT` when nobody touches the sensor in time, or the reason of the signal. */
export function untilTouched(options: PresenceOptions): Promise<void> {
  return until(options, (isThere) => isThere);
}

/** Waits until the finger has left: a capture of the same placing teaches nothing. */
export function untilLifted(options: PresenceOptions): Promise<void> {
  let absent = 0;
  return until(options, (isThere) => {
    absent = isThere ? 0 : absent + 1;
    return absent >= ABSENT_LOOKS;
  });
}

async function until(
  { clock, look, signal }: PresenceOptions,
  isDone: (isThere: boolean) => boolean,
): Promise<void> {
  const endMs = clock.monoMs() + TOUCH_TIMEOUT_MS;
  for (;;) {
    signal.throwIfAborted();
    if (isDone(await look())) return;
    if (clock.monoMs() > endMs) {
      throw new RollcallError(
        'FINGER_ABSENT',
        `The finger was not placed or lifted within ${TOUCH_TIMEOUT_MS / 1000} s; start again`,
      );
    }
    await delay(clock, LOOK_EVERY_MS, signal);
  }
}
