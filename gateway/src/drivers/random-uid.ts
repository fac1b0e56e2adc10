import type { Technology } from '@rollcall/protocol/credential-hash';

/** First byte of a UID that the card draws anew each time (ISO/IEC 14443-3 §6.5.4). */
const RANDOM_UID = 0x08;
/** The same for FeliCa: an NFCID2 that is made up for peer-to-peer (NFC Forum Digital Protocol). */
const RANDOM_IDM = [0x01, 0xfe];

/** Whether a card makes up its number: then it tells nobody apart. */
export function isRandomUid(technology: Technology, uid: Uint8Array): boolean {
  if (technology === 'felica') return RANDOM_IDM.every((byte, index) => uid[index] === byte);
  return technology === 'iso14443a' && uid.length === 4 && uid[0] === RANDOM_UID;
}
