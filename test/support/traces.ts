/** Bytes in a row that no chance brings together. */
const PIECE_BYTES = 12;
/** Coprime with 3: pieces of every alignment in Base64 are among them. */
const STEP = 7;
const DIFFERENT_MIN = 6;
const KEY_BYTES = 4;
const FOUND_MAX = 5;

interface Needle {
  what: string;
  bytes: Buffer;
}

/** How bytes are usually written. */
const FORMS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  raw: (bytes) => bytes,
  hex: (bytes) => Buffer.from(bytes.toString('hex')),
  HEX: (bytes) => Buffer.from(bytes.toString('hex').toUpperCase()),
  base64: (bytes) => Buffer.from(bytes.toString('base64')),
  base64url: (bytes) => Buffer.from(bytes.toString('base64url')),
  numbers: (bytes) => Buffer.from([...bytes].join(',')),
};

/** Finds pieces of some secret bytes, as they are or written in any usual way, in other ones. */
export class Traces {
  /** By the first four bytes, so that a haystack is read once for all of them. */
  readonly #needles = new Map<number, Needle[]>();

  /** Pieces of `bytes` are looked for from now on; those that could be anything are left out. */
  lookFor(what: string, bytes: Uint8Array, step = STEP): void {
    for (let at = 0; at + PIECE_BYTES <= bytes.length; at += step) {
      const piece = Buffer.from(bytes.subarray(at, at + PIECE_BYTES));
      if (new Set(piece).size < DIFFERENT_MIN) continue;
      for (const [form, write] of Object.entries(FORMS)) {
        const needle = { what: `${what} at ${at} as ${form}`, bytes: write(piece) };
        const key = needle.bytes.readUInt32LE(0);
        this.#needles.set(key, [...(this.#needles.get(key) ?? []), needle]);
      }
    }
  }

  /** The first few that are in it. */
  in(haystack: Buffer): string[] {
    const found = new Set<string>();
    for (let at = 0; at + KEY_BYTES <= haystack.length && found.size < FOUND_MAX; at += 1) {
      for (const { what, bytes } of this.#needles.get(haystack.readUInt32LE(at)) ?? []) {
        if (haystack.subarray(at, at + bytes.length).equals(bytes)) found.add(what);
      }
    }
    return [...found];
  }

  /** Names of the forms in which these bytes, hidden among others, would not be found. */
  blindTo(secret: Uint8Array): string[] {
    return Object.entries(FORMS)
      .filter(([, write]) => {
        const hidden = Buffer.concat([Buffer.from('{"a":"'), write(Buffer.from(secret)), Buffer.from('"}')]);
        return this.in(hidden).length === 0;
      })
      .map(([form]) => form);
  }
}
