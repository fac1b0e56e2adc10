import { fingerRecord } from '@rollcall/firmware-sim/devices/osdp/minutiae-record';
import { Random } from '@rollcall/firmware-sim/random';
import { readFingerRecord } from '@rollcall/protocol/finger-record-read';
import { writeFingerRecord } from '@rollcall/protocol/finger-record-write';

/**
 * The record of a simulated finger as an enrollment would have it, written by the gateway's own codec.
 *
 * @param strangeMinutiae how many of its minutiae are not those of the finger
 */
export function enrolledRecord(finger: string, strangeMinutiae = 0): Uint8Array {
  const { views } = readFingerRecord(fingerRecord(finger, 1, new Random(7)));
  const [view] = views;
  if (view === undefined) throw new Error('a record has a view');
  const minutiae = view.minutiae.map((minutia, index) =>
    index < strangeMinutiae ? { ...minutia, x: 1, y: 1 + index } : minutia,
  );
  return writeFingerRecord({ views: [{ ...view, minutiae }] }, 'incits378');
}
