/**
 * Fingers as ZKTeco numbers them (the vendor's PUSH description, BIODATA): 0 left little to 4 left thumb, 5 right thumb to
 * 9 right little. Ours are those of ISO/IEC 19794-2: 1 right thumb to 5 right little, 6 left thumb to 10 left little.
 */
const RIGHT_THUMB = 5;
const LEFT_LITTLE_ISO = 10;

/** 1..10. @param number 0..9 */
export function positionOf(number: number): number {
  return number >= RIGHT_THUMB ? number - RIGHT_THUMB + 1 : LEFT_LITTLE_ISO - number;
}

/** 0..9. @param position 1..10 */
export function fingerNumber(position: number): number {
  return position <= RIGHT_THUMB ? position + RIGHT_THUMB - 1 : LEFT_LITTLE_ISO - position;
}
