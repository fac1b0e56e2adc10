import type { DriverDefinition, UsbHint } from '../drivers/driver.js';
import type { ConnectedDevice } from './connected.js';

export interface Candidate {
  driver: DriverDefinition<unknown>;
  /** 1 to 100 by the numbers and name of the device; more when it answered. */
  score: number;
  /** What to write for this driver. */
  port: string;
}

export type Guess =
  /** One driver fits better than every other. */
  | { type: 'one'; candidate: Candidate }
  /** Several fit equally well: a person has to say which. */
  | { type: 'several'; candidates: Candidate[] }
  | { type: 'none' };

/** A device that answered as the driver expects; no number and no name is worth more. */
export const ANSWERED_SCORE = 200;

/** The drivers that could read the device, the likeliest first. */
export function candidatesFor(
  device: ConnectedDevice,
  drivers: readonly DriverDefinition<unknown>[],
): Candidate[] {
  return drivers
    .flatMap((driver): Candidate[] => {
      if (!fitsLink(device, driver)) return [];
      const scores = (driver.usb ?? []).filter((hint) => fitsHint(device, hint)).map(({ score }) => score);
      return scores.length === 0
        ? []
        : [{ driver, score: Math.max(...scores), port: portFor(device, driver) }];
    })
    .sort((one, other) => other.score - one.score);
}

/** Never a coin toss: equal scores are several. */
export function guess(candidates: readonly Candidate[]): Guess {
  const best = Math.max(0, ...candidates.map(({ score }) => score));
  const [first, ...more] = candidates.filter(({ score }) => score === best);
  if (first === undefined) return { type: 'none' };
  return more.length === 0
    ? { type: 'one', candidate: first }
    : { type: 'several', candidates: [first, ...more] };
}

function fitsLink({ kind, usages }: ConnectedDevice, { link }: DriverDefinition<unknown>): boolean {
  if (link.kind !== 'hid') return kind === 'serial';
  return usages.some(({ page, usage }) => page === link.usagePage && usage === link.usage);
}

function fitsHint({ usb, name }: ConnectedDevice, hint: UsbHint): boolean {
  return (
    usb?.vid === hint.vid &&
    (hint.pid === undefined || hint.pid === usb.pid) &&
    (hint.name === undefined || name.toLowerCase().includes(hint.name))
  );
}

function portFor({ port, eventPort }: ConnectedDevice, { link }: DriverDefinition<unknown>): string {
  return link.kind === 'hid' && link.fromEvents === true ? (eventPort ?? port) : port;
}
