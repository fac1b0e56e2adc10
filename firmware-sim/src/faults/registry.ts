import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import type { SimulatedDevice } from '../devices/simulated-device.js';
import { badLine } from './bad-line.js';
import { brownout } from './brownout.js';
import { clearLog } from './clear-log.js';
import { clock } from './clock.js';
import { cut } from './cut.js';
import { delay } from './delay.js';
import { duplicate } from './duplicate.js';
import { exchange } from './exchange.js';
import type { Fault } from './fault.js';
import { flip } from './flip.js';
import { forgetPeople } from './forget-people.js';
import { forgetStamp } from './forget-stamp.js';
import { freeze } from './freeze.js';
import { ghost } from './ghost.js';
import { lateAnswers } from './late-answers.js';
import { lose } from './lose.js';
import { noise } from './noise.js';
import { pause } from './pause.js';
import { refuseChanges } from './refuse-changes.js';
import { stored } from './stored.js';
import { swap } from './swap.js';
import { thaw } from './thaw.js';

export const FAULTS: readonly Fault[] = [
  badLine,
  brownout,
  clearLog,
  clock,
  cut,
  delay,
  duplicate,
  exchange,
  flip,
  forgetPeople,
  forgetStamp,
  freeze,
  ghost,
  lose,
  lateAnswers,
  noise,
  pause,
  refuseChanges,
  stored,
  swap,
  thaw,
];

export function findFault(id: string): Fault | undefined {
  return FAULTS.find((fault) => fault.id === id);
}

/** Checks the options and lets the fault loose on the device. */
export async function inflictFault(device: SimulatedDevice, id: string, options: unknown): Promise<void> {
  const fault = findFault(id);
  if (fault === undefined) {
    const known = FAULTS.map((candidate) => candidate.id).join(', ');
    throw new RollcallError('REQUEST_INVALID', `There is no fault "${id}". There are: ${known}.`);
  }
  const checked = fault.options.safeParse(options);
  if (!checked.success) {
    throw new RollcallError('REQUEST_INVALID', `Fault "${id}": ${z.prettifyError(checked.error)}`);
  }
  await fault.inflict(device, checked.data);
  device.reportFault(id);
}
