import {
  answer,
  type CardAnswer,
  campusNumber,
  NO_ANSWER,
  type SimulatedCard,
  typeATarget,
} from './simulated-card.js';

const PAGE_BYTES = 4;
const PAGES = 45;
const VERSION = [0x00, 0x04, 0x04, 0x02, 0x01, 0x00, 0x0f, 0x03];
const CAPABILITY = [0xe1, 0x10, 0x12, 0x00];
const NUMBER_PAGE = 8;
/** Pages from here on open only with the password. */
const PROTECTED_FROM = NUMBER_PAGE;
const PASSWORD = [0xa1, 0xb2, 0xc3, 0xd4];
const PACK = [0x80, 0x80];
const SIGNATURE_BYTES = 32;
/** What the chip makes of a four-bit refusal: an answer too short to have a checksum. */
const REFUSED: CardAnswer = { status: 0x02 };

/** NTAG213 with the campus's number from page 8 on, behind a password (NTAG213 data sheet §10). */
export class NtagCard implements SimulatedCard {
  readonly air = 'a';
  readonly hasLayer4 = false;
  readonly uid: Uint8Array;
  readonly #memory = new Uint8Array(PAGES * PAGE_BYTES);
  #isOpen = false;

  constructor(uid: Uint8Array) {
    this.uid = uid;
    const [a = 0, b = 0, c = 0, ...rest] = uid;
    const cascade = 0x88 ^ a ^ b ^ c;
    this.#memory.set([
      a,
      b,
      c,
      cascade,
      ...rest.slice(0, 4),
      rest.slice(0, 4).reduce((sum, byte) => sum ^ byte, 0),
    ]);
    this.#memory.set(CAPABILITY, 3 * PAGE_BYTES);
    this.#memory.set(campusNumber(uid), NUMBER_PAGE * PAGE_BYTES);
  }

  targetData(): Uint8Array {
    return typeATarget(this.uid, { atqa: [0x00, this.uid.length === 10 ? 0x84 : 0x44], sak: 0x00 });
  }

  select(): void {
    this.#isOpen = false;
  }

  exchange(data: Uint8Array): CardAnswer {
    return this.exchangeRaw(data);
  }

  exchangeRaw(data: Uint8Array): CardAnswer {
    const [command, page = 0, ...rest] = data;
    switch (command) {
      case 0x60:
        return answer(...VERSION);
      case 0x30:
        return this.#read(page);
      case 0xa2:
        return this.#write(page, rest);
      case 0x1b:
        this.#isOpen = PASSWORD.every((byte, index) => data[index + 1] === byte);
        return this.#isOpen ? answer(...PACK) : REFUSED;
      case 0x3c:
        return answer(...new Array(SIGNATURE_BYTES).fill(0));
      default:
        return NO_ANSWER;
    }
  }

  /** Four pages; behind the last one that may be read it goes on at the first. */
  #read(page: number): CardAnswer {
    const readable = this.#isOpen ? PAGES : PROTECTED_FROM;
    if (page >= readable) return REFUSED;
    const bytes = Array.from({ length: 4 * PAGE_BYTES }, (_, index) => {
      return this.#memory[(page * PAGE_BYTES + index) % (readable * PAGE_BYTES)] ?? 0;
    });
    return answer(...bytes);
  }

  #write(page: number, bytes: readonly number[]): CardAnswer {
    const isProtected = page >= PROTECTED_FROM && !this.#isOpen;
    if (page < 4 || page >= PAGES || bytes.length !== PAGE_BYTES || isProtected) return REFUSED;
    this.#memory.set(bytes, page * PAGE_BYTES);
    return answer();
  }
}
