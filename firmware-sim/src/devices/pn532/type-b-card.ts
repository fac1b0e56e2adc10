import { answer, type CardAnswer, NO_ANSWER, type SimulatedCard } from './simulated-card.js';

const ATQB = 0x50;
const APPLICATION_DATA = [0x00, 0x00, 0x00, 0x00];
const PROTOCOL_INFO = [0x00, 0x71, 0x81];
const ATTRIB_RESPONSE = [0x01, 0x00];

/** An ISO 14443 B card without any application. */
export class TypeBCard implements SimulatedCard {
  readonly air = 'b';
  readonly hasLayer4 = true;
  readonly uid: Uint8Array;

  constructor(pupi: Uint8Array) {
    this.uid = pupi;
  }

  targetData(): Uint8Array {
    return Uint8Array.from([ATQB, ...this.uid, ...APPLICATION_DATA, ...PROTOCOL_INFO, ...ATTRIB_RESPONSE]);
  }

  select(): void {
    // Nothing was proven.
  }

  exchange(): CardAnswer {
    // Class not supported (ISO/IEC 7816-4).
    return answer(0x6e, 0x00);
  }

  exchangeRaw(): CardAnswer {
    return NO_ANSWER;
  }
}
