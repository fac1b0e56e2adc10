import { RollcallError } from '@rollcall/protocol/errors';
import type { SimulatedDevice } from '../devices/simulated-device.js';
import type { TerminalMemory } from '../devices/terminal/terminal-memory.js';

/** @throws RollcallError `REQUEST_INVALID` for a device without a log and a clock of its own. */
export function terminalOf(device: SimulatedDevice): TerminalMemory {
  const { memory } = device.firmware;
  if (memory !== undefined) return memory;
  throw new RollcallError(
    'REQUEST_INVALID',
    `This ${device.model.title} has no log and no clock of its own.`,
  );
}
