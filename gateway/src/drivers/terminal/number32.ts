import { type CardRead, cardRead } from '@rollcall/protocol/credential';
import { isRollcallError } from '@rollcall/protocol/errors';

/** Terminals show 32 bits of a card at most. */
export function number32(number: number): CardRead | undefined {
  if (!(number > 0 && number <= 0xffff_ffff)) return undefined;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number);
  try {
    return cardRead('number32', bytes);
  } catch (error) {
    // All ones and the like are no card; that is an answer, too.
    if (isRollcallError(error)) return undefined;
    throw error;
  }
}
