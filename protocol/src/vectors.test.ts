import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { xor8 } from './framing/checksum.js';
import { StxEtxFramer } from './framing/stx-etx.js';
import { chunksOf, collapseRejections, parseVectorFile, type VectorFile } from './vectors.js';

const folder = new URL('../vectors/', import.meta.url);

function readVectors(name: string): VectorFile {
  return parseVectorFile(JSON.parse(readFileSync(new URL(name, folder), 'utf8')));
}

const vector = {
  name: 'one',
  provenance: 'made up',
  chunks_hex: ['02 30', ''],
  expect: [{ type: 'card', canonical: 'em4100:0C000621A5' }],
};
const file = { driver: 'rdm6300', source: 'made up', vectors: [vector] };

describe('vector files', () => {
  it.each(readdirSync(folder))('%s fits its contract and is named after its driver', (name) => {
    expect(name).toBe(`${readVectors(name).driver}.json`);
  });

  it.each<[string, unknown]>([
    ['driver', { ...file, driver: 'RDM' }],
    ['vectors', { ...file, vectors: [] }],
    ['names must differ', { ...file, vectors: [vector, vector] }],
    ['upper-case hex bytes', { ...file, vectors: [{ ...vector, chunks_hex: ['0230'] }] }],
    ['upper-case hex bytes', { ...file, vectors: [{ ...vector, chunks_hex: ['0a'] }] }],
    ['provenance', { ...file, vectors: [{ ...vector, provenance: '' }] }],
    [
      'canonical form',
      { ...file, vectors: [{ ...vector, expect: [{ type: 'card', canonical: '0C000621A5' }] }] },
    ],
    ['reason', { ...file, vectors: [{ ...vector, expect: [{ type: 'rejected', reason: 'Bad!' }] }] }],
    ['type', { ...file, vectors: [{ ...vector, expect: [{ type: 'alive' }] }] }],
    ['gap_ms', { ...file, vectors: [{ ...vector, gap_ms: 0 }] }],
    ['either chunks_hex or dialog', { ...file, vectors: [{ ...vector, dialog: [{ host: '01' }] }] }],
    ['either chunks_hex or dialog', { ...file, vectors: [{ ...vector, chunks_hex: undefined }] }],
    ['dialog', { ...file, vectors: [{ ...vector, chunks_hex: undefined, dialog: [{ host: '1' }] }] }],
  ])('are refused, naming %s', (named, document) => {
    expect(() => parseVectorFile(document)).toThrow(
      expect.objectContaining({ code: 'MESSAGE_INVALID', message: expect.stringContaining(named) }),
    );
  });

  it('give their reads as bytes', () => {
    expect(chunksOf(vector)).toEqual([Uint8Array.of(0x02, 0x30), new Uint8Array()]);
    const dialog = [{ host: 'AA' }, { device: '01 02' }, { wait_ms: 5 }, { device: '03' }];
    expect(chunksOf({ dialog })).toEqual([Uint8Array.of(1, 2), Uint8Array.of(3)]);
  });
});

describe('refusals', () => {
  it('that repeat the one before count once', () => {
    const card = { type: 'card' };
    const bad = { type: 'rejected', reason: 'checksum' };
    const noise = { type: 'rejected', reason: 'garbage' };
    expect(collapseRejections([bad, bad, card, card, bad, noise, noise, bad])).toEqual([
      bad,
      card,
      card,
      bad,
      noise,
      bad,
    ]);
  });
});

describe('the RDM6300 vectors', () => {
  const { vectors } = readVectors('rdm6300.json');

  /** Canonical forms of the frames whose XOR is right, in order: what every driver starts from. */
  const validFrames = (chunks: readonly Uint8Array[]): string[] => {
    const framer = new StxEtxFramer({ maxBytes: 14 });
    return chunks
      .flatMap((chunk) => framer.push(chunk))
      .flatMap((event) =>
        event.type === 'frame' ? [Buffer.from(event.bytes).toString('latin1').trim()] : [],
      )
      .filter((text) => /^[0-9A-Fa-f]{12}$/.test(text) && xor8(Buffer.from(text, 'hex')) === 0)
      .map((text) => `em4100:${text.slice(0, 10).toUpperCase()}`);
  };

  it.each(vectors)('$name: every expected card has its frames in the bytes', ({
    chunks_hex,
    options,
    expect: events,
  }) => {
    const frames = validFrames(chunksOf({ chunks_hex }));
    const needed = options?.['single_frame'] === true ? 1 : 2;
    for (const event of events) {
      if (event.type !== 'card') continue;
      expect(frames.filter((text) => text === event.canonical).length).toBeGreaterThanOrEqual(needed);
    }
  });

  it('cover what every driver has to show', () => {
    const names = vectors.map(({ name }) => name).join('\n');
    for (const part of [
      'leading zeros',
      'longest',
      'bad checksum',
      'noise before',
      'CR LF',
      'ghost',
      'all zeros',
      'half frame',
    ]) {
      expect(names).toContain(part);
    }
  });
});

describe('the line protocol vectors', () => {
  it('have right checksums wherever a card with a checksum is believed', () => {
    const records = readVectors('line.json').vectors.flatMap((item) => {
      const text = Buffer.concat(chunksOf(item)).toString('latin1');
      const isBelieved = !item.expect.some(({ type }) => type === 'rejected');
      return isBelieved ? [...text.matchAll(/([^\r\n*]+)\*([0-9A-F]{2})/g)] : [];
    });
    expect(records.length).toBeGreaterThan(8);
    for (const [, fields = '', checksum = ''] of records) {
      expect(xor8(Buffer.from(fields, 'latin1'))).toBe(Number.parseInt(checksum, 16));
    }
  });
});
