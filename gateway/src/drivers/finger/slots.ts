import { RollcallError } from '@rollcall/protocol/errors';

/** @throws RollcallError `REQUEST_INVALID` for a slot that the module does not have. */
export function checkedSlot(slot: number, capacity: number): number {
  if (Number.isInteger(slot) && slot >= 0 && slot < capacity) return slot;
  throw new RollcallError(
    'REQUEST_INVALID',
    `The sensor has the slots 0 to ${capacity - 1}; there is no slot ${slot}`,
  );
}
