import { aesDecrypt, aesEncrypt, desfireCrc, leftRotated, macOf, NO_IV } from './desfire-crypto.js';

const BLOCK = 16;

export type Communication = 'plain' | 'mac' | 'full';

/** What holds between a DESFire card and its reader after an authentication. */
export interface DesfireSession {
  /** Bytes at the end of a command that protect it, already checked and taken off; undefined when they are wrong. */
  openCommand(command: number, data: Uint8Array): Uint8Array | undefined;
  /** The protected answer to the command before; `data` as the application has it. */
  sealAnswer(data: Uint8Array, communication: Communication): Uint8Array;
}

export interface Challenge {
  /** The encrypted challenge of the card. */
  encrypted: Uint8Array;
  /** The card's answer to the reader's proof and the session that begins; undefined when the proof is wrong. */
  finish(proof: Uint8Array): { answer: Uint8Array; session: DesfireSession } | undefined;
}

/** AuthenticateAES as EV1 has it: one chain of blocks from the first byte on. */
export function ev1Challenge(key: Uint8Array, rndB: Uint8Array): Challenge {
  const encrypted = aesEncrypt(key, NO_IV, rndB);
  return {
    encrypted,
    finish(proof) {
      if (proof.length !== BLOCK * 2) return undefined;
      const plain = aesDecrypt(key, encrypted, proof);
      if (!plain.subarray(BLOCK).equals(leftRotated(rndB))) return undefined;
      const rndA = plain.subarray(0, BLOCK);
      const sessionKey = Buffer.concat([
        rndA.subarray(0, 4),
        rndB.subarray(0, 4),
        rndA.subarray(12),
        rndB.subarray(12),
      ]);
      const answer = aesEncrypt(key, proof.subarray(BLOCK), leftRotated(rndA));
      return { answer, session: new Ev1Session(sessionKey) };
    },
  };
}

class Ev1Session implements DesfireSession {
  readonly #key: Uint8Array;
  #iv: Uint8Array = NO_IV;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  openCommand(command: number, data: Uint8Array): Uint8Array {
    this.#iv = macOf(this.#key, Buffer.concat([Buffer.of(command), data]), this.#iv);
    return data;
  }

  sealAnswer(data: Uint8Array, communication: Communication): Uint8Array {
    const withStatus = Buffer.concat([data, Buffer.of(0x00)]);
    if (communication === 'full') {
      const plain = Buffer.concat([data, desfireCrc(withStatus)]);
      const sealed = aesEncrypt(this.#key, this.#iv, padded(plain, plain.length));
      this.#iv = sealed.subarray(-BLOCK);
      return sealed;
    }
    this.#iv = macOf(this.#key, withStatus, this.#iv);
    return Buffer.concat([data, this.#iv.subarray(0, 8)]);
  }
}

/** AuthenticateEV2First: session keys of their own, a transaction number, a counter of commands. */
export function ev2Challenge(key: Uint8Array, rndB: Uint8Array, transaction: Uint8Array): Challenge {
  return {
    encrypted: aesEncrypt(key, NO_IV, rndB),
    finish(proof) {
      if (proof.length !== BLOCK * 2) return undefined;
      const plain = aesDecrypt(key, NO_IV, proof);
      if (!plain.subarray(BLOCK).equals(leftRotated(rndB))) return undefined;
      const rndA = plain.subarray(0, BLOCK);
      const capabilities = Buffer.alloc(12);
      const answer = aesEncrypt(key, NO_IV, Buffer.concat([transaction, leftRotated(rndA), capabilities]));
      const vector = (label: number): Buffer => {
        const out = Buffer.alloc(32);
        out.writeUInt16BE(label, 0);
        out.writeUInt32BE(0x00010080, 2);
        for (let at = 0; at < 8; at++) out[6 + at] = (rndA[at] ?? 0) ^ (at < 2 ? 0 : (rndB[at - 2] ?? 0));
        out.set(rndB.subarray(6), 14);
        out.set(rndA.subarray(8), 24);
        return out;
      };
      const session = new Ev2Session(transaction, macOf(key, vector(0xa55a)), macOf(key, vector(0x5aa5)));
      return { answer, session };
    },
  };
}

class Ev2Session implements DesfireSession {
  readonly #transaction: Uint8Array;
  readonly #encryptionKey: Uint8Array;
  readonly #macKey: Uint8Array;
  #counter = 0;

  constructor(transaction: Uint8Array, encryptionKey: Uint8Array, macKey: Uint8Array) {
    this.#transaction = transaction;
    this.#encryptionKey = encryptionKey;
    this.#macKey = macKey;
  }

  openCommand(command: number, data: Uint8Array): Uint8Array | undefined {
    const body = data.subarray(0, Math.max(0, data.length - 8));
    const expected = this.#mac(command, body);
    this.#counter += 1;
    return expected.equals(data.subarray(body.length)) ? body : undefined;
  }

  sealAnswer(data: Uint8Array, communication: Communication): Uint8Array {
    const body = communication === 'full' ? this.#encrypted(data) : data;
    return Buffer.concat([body, this.#mac(0x00, body)]);
  }

  #encrypted(data: Uint8Array): Uint8Array {
    const label = Buffer.alloc(BLOCK);
    label.writeUInt16BE(0x5aa5, 0);
    label.set(this.#transaction, 2);
    label.writeUInt16LE(this.#counter, 6);
    const iv = aesEncrypt(this.#encryptionKey, NO_IV, label);
    const plain = Buffer.concat([data, Buffer.of(0x80)]);
    return aesEncrypt(this.#encryptionKey, iv, padded(plain, plain.length));
  }

  #mac(first: number, body: Uint8Array): Buffer {
    const head = Buffer.alloc(3);
    head[0] = first;
    head.writeUInt16LE(this.#counter, 1);
    const whole = macOf(this.#macKey, Buffer.concat([head, this.#transaction, body]));
    return Buffer.from([1, 3, 5, 7, 9, 11, 13, 15].map((at) => whole[at] ?? 0));
  }
}

function padded(bytes: Uint8Array, length: number): Buffer {
  const out = Buffer.alloc(Math.ceil(length / BLOCK) * BLOCK);
  out.set(bytes);
  return out;
}
