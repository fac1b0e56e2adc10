import {
  AUTHENTICATION_FAILED,
  answer,
  type CardAnswer,
  campusNumber,
  NO_ANSWER,
  type SimulatedCard,
  typeATarget,
} from './simulated-card.js';

const BLOCK_BYTES = 16;
const BLOCKS = 64;
const BLOCKS_IN_SECTOR = 4;
const KEY = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const ACCESS_BITS = [0xff, 0x07, 0x80, 0x69];
const NUMBER_BLOCK = 4;
const AUTHENTICATE_A = 0x60;
const AUTHENTICATE_B = 0x61;
const READ = 0x30;
const WRITE = 0xa0;

/** MIFARE Classic 1K with the keys of the factory and the campus's number in block 4 (MF1S50 data sheet). */
export class ClassicCard implements SimulatedCard {
  readonly air = 'a';
  readonly hasLayer4 = false;
  readonly uid: Uint8Array;
  readonly #blocks: Uint8Array[];
  #openSector: number | undefined;
  #isHalted = false;

  constructor(uid: Uint8Array) {
    this.uid = uid;
    this.#blocks = Array.from({ length: BLOCKS }, (_, block) => initialBlock(block, uid));
  }

  targetData(): Uint8Array {
    return typeATarget(this.uid, { atqa: [0x00, this.uid.length === 4 ? 0x04 : 0x44], sak: 0x08 });
  }

  select(): void {
    this.#openSector = undefined;
    this.#isHalted = false;
  }

  exchange(data: Uint8Array): CardAnswer {
    const [command, block = 0, ...rest] = data;
    if (this.#isHalted || block >= BLOCKS) return NO_ANSWER;
    if (command === AUTHENTICATE_A || command === AUTHENTICATE_B) return this.#authenticate(block, rest);
    if (this.#openSector !== Math.floor(block / BLOCKS_IN_SECTOR)) return this.#halted(NO_ANSWER);
    const stored = this.#blocks[block] ?? new Uint8Array(BLOCK_BYTES);
    if (command === READ) {
      // Key A can never be read.
      return isTrailer(block) ? answer(...new Array(6).fill(0), ...stored.slice(6)) : { data: stored };
    }
    if (command === WRITE && rest.length === BLOCK_BYTES && block !== 0) {
      this.#blocks[block] = Uint8Array.from(rest);
      return answer();
    }
    return this.#halted(NO_ANSWER);
  }

  exchangeRaw(): CardAnswer {
    // Crypto-1 is done by the chip; what comes past it is no command.
    return NO_ANSWER;
  }

  #authenticate(block: number, rest: readonly number[]): CardAnswer {
    const isRight =
      KEY.every((byte, index) => rest[index] === byte) &&
      Buffer.from(rest.slice(6)).equals(Buffer.from(this.uid.slice(-4)));
    if (!isRight) return this.#halted(AUTHENTICATION_FAILED);
    this.#openSector = Math.floor(block / BLOCKS_IN_SECTOR);
    return answer();
  }

  #halted(result: CardAnswer): CardAnswer {
    this.#isHalted = true;
    this.#openSector = undefined;
    return result;
  }
}

function isTrailer(block: number): boolean {
  return block % BLOCKS_IN_SECTOR === BLOCKS_IN_SECTOR - 1;
}

function initialBlock(block: number, uid: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(BLOCK_BYTES);
  if (block === 0) {
    const check = uid.length === 4 ? [uid.reduce((sum, byte) => sum ^ byte, 0), 0x08, 0x04, 0x00] : [];
    bytes.set([...uid, ...check]);
  } else if (isTrailer(block)) bytes.set([...KEY, ...ACCESS_BITS, ...KEY]);
  else if (block === NUMBER_BLOCK) bytes.set(campusNumber(uid));
  return bytes;
}
