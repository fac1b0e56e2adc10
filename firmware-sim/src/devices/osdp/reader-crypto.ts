import { createCipheriv, createDecipheriv } from 'node:crypto';

/** The reader's half of the secure channel (OSDP note §6, written from it alone). */
export const DEFAULT_KEY = Buffer.from('0123456789:;<=>?', 'latin1');
const BLOCK = 16;

export class ReaderSession {
  readonly clientCryptogram: Buffer;
  readonly #serverCryptogram: Buffer;
  readonly #sEnc: Buffer;
  readonly #sMac: readonly [Buffer, Buffer];
  readonly rMacI: Buffer;
  /** Whole MACs: the panel's last and the reader's last. */
  #commandMac: Buffer;
  #replyMac: Buffer;
  isOpen = false;

  constructor(key: Uint8Array, rndA: Uint8Array, rndB: Uint8Array) {
    const derive = (kind: string): Buffer => {
      const block = Buffer.alloc(BLOCK);
      Buffer.from(kind, 'hex').copy(block);
      Buffer.from(rndA.subarray(0, 6)).copy(block, 2);
      return ecb(key, block);
    };
    this.#sEnc = derive('0182');
    this.#sMac = [derive('0101'), derive('0102')];
    this.clientCryptogram = ecb(this.#sEnc, Buffer.concat([rndA, rndB]));
    this.#serverCryptogram = ecb(this.#sEnc, Buffer.concat([rndB, rndA]));
    this.rMacI = ecb(this.#sMac[1], ecb(this.#sMac[0], this.#serverCryptogram));
    this.#replyMac = this.rMacI;
    this.#commandMac = this.rMacI;
  }

  accepts(serverCryptogram: Uint8Array): boolean {
    this.isOpen = this.#serverCryptogram.equals(serverCryptogram);
    return this.isOpen;
  }

  /** Whether the MAC of a command is right; then it is the start of the next reply's. */
  verifies(signed: Uint8Array, mac: Uint8Array): boolean {
    const expected = this.#mac(signed, this.#replyMac);
    if (!expected.subarray(0, 4).equals(mac)) return false;
    this.#commandMac = expected;
    return true;
  }

  sign(reply: Uint8Array): Buffer {
    this.#replyMac = this.#mac(reply, this.#commandMac);
    return this.#replyMac.subarray(0, 4);
  }

  encrypt(data: Uint8Array): Buffer {
    const cipher = createCipheriv('aes-128-cbc', this.#sEnc, complement(this.#commandMac));
    cipher.setAutoPadding(false);
    return Buffer.concat([cipher.update(pad(data)), cipher.final()]);
  }

  decrypt(data: Uint8Array): Buffer {
    const decipher = createDecipheriv('aes-128-cbc', this.#sEnc, complement(this.#replyMac));
    decipher.setAutoPadding(false);
    const plain = Buffer.concat([decipher.update(data), decipher.final()]);
    return plain.subarray(0, plain.lastIndexOf(0x80));
  }

  #mac(message: Uint8Array, iv: Buffer): Buffer {
    const padded = message.length % BLOCK === 0 ? Buffer.from(message) : pad(message);
    let mac = iv;
    for (let at = 0; at < padded.length; at += BLOCK) {
      const key = at + BLOCK < padded.length ? this.#sMac[0] : this.#sMac[1];
      const mixed = Buffer.from(padded.subarray(at, at + BLOCK));
      for (let index = 0; index < BLOCK; index++) mixed[index] = (mixed[index] ?? 0) ^ (mac[index] ?? 0);
      mac = ecb(key, mixed);
    }
    return mac;
  }
}

function ecb(key: Uint8Array, block: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function pad(bytes: Uint8Array): Buffer {
  const zeros = BLOCK - 1 - (bytes.length % BLOCK);
  return Buffer.concat([bytes, Buffer.of(0x80), Buffer.alloc(zeros)]);
}

const complement = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte) => 255 - byte));
