import { answer, type CardAnswer, NO_ANSWER, type SimulatedCard } from './simulated-card.js';

const PAD = [0x00, 0xf0, 0x00, 0x00, 0x02, 0x06, 0x03, 0x00];
const SYSTEM_CODE = [0x12, 0xfc];
const REQUEST_RESPONSE = 0x04;

/** A FeliCa card that answers polling and the question whether it is still there (JIS X 6319-4). */
export class FelicaCard implements SimulatedCard {
  readonly air = 'felica';
  readonly hasLayer4 = false;
  readonly uid: Uint8Array;

  constructor(idm: Uint8Array) {
    this.uid = idm;
  }

  /** POL_RES: length, 01, IDm, PMm, and the system code where the host asked for it. */
  targetData(request: Uint8Array): Uint8Array {
    const code = request[3] === 0x01 ? SYSTEM_CODE : [];
    return Uint8Array.from([18 + code.length, 0x01, ...this.uid, ...PAD, ...code]);
  }

  select(): void {
    // Nothing was proven.
  }

  exchange(data: Uint8Array): CardAnswer {
    return this.exchangeRaw(data);
  }

  exchangeRaw(data: Uint8Array): CardAnswer {
    const isForMe = Buffer.from(data.slice(2, 10)).equals(Buffer.from(this.uid));
    return data[1] === REQUEST_RESPONSE && isForMe
      ? answer(0x0b, REQUEST_RESPONSE + 1, ...this.uid, 0x00)
      : NO_ANSWER;
  }
}
