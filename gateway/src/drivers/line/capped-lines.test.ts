import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CappedLines, LINE_BYTES_MAX } from './capped-lines.js';

function fixture() {
  const seen: { line: string; followsLineEnd: boolean }[] = [];
  const dropped: number[] = [];
  const lines = new CappedLines({
    onLine: (line, followsLineEnd) => void seen.push({ line, followsLineEnd }),
    onDropped: (bytes) => void dropped.push(bytes),
  });
  return { lines, seen, dropped };
}

const bytesWithLineEnds = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.constant(0x0a) }, { weight: 10, arbitrary: fc.nat(0xff) }),
  { maxLength: 60 },
);

describe('CappedLines', () => {
  it('finds the same lines in whatever pieces they come, whole or byte by byte', () => {
    fc.assert(
      fc.property(bytesWithLineEnds, fc.array(fc.integer({ min: 1, max: 20 })), (bytes, sizes) => {
        const [whole, single, pieces] = [fixture(), fixture(), fixture()];
        whole.lines.push(Uint8Array.from(bytes));
        for (const byte of bytes) single.lines.push(Uint8Array.of(byte));
        for (let from = 0, turn = 0; from < bytes.length; turn++) {
          const size = sizes[turn] ?? 7;
          pieces.lines.push(Uint8Array.from(bytes.slice(from, from + size)));
          from += size;
        }
        expect(whole.seen).toEqual(single.seen);
        expect(pieces.seen).toEqual(single.seen);
        const text = Buffer.from(bytes).toString('latin1').split('\n').slice(0, -1);
        expect(single.seen.map(({ line }) => line)).toEqual(text.filter((line) => line !== ''));
      }),
    );
  });

  it('hands out nothing after its end', () => {
    const { lines, seen } = fixture();
    lines.push(Buffer.from('one\n'));
    lines.close();
    lines.push(Buffer.from('two\nthree\n'));
    expect(seen.map(({ line }) => line)).toEqual(['one']);
  });

  it.each([
    ['a line', 'two\n'],
    ['a line that is too long', `${'x'.repeat(LINE_BYTES_MAX + 2)}\ntwo\n`],
    ['the beginning of a line', 'tw'],
  ])('hands out nothing after an end within a line, with %s behind it in the same piece', (_what, behind) => {
    const seen: string[] = [];
    let dropped = 0;
    const lines = new CappedLines({
      onLine: (line) => {
        seen.push(line);
        lines.close();
      },
      onDropped: (bytes) => {
        dropped += bytes;
      },
    });
    lines.push(Buffer.from(`one\n${behind}`));
    lines.push(Buffer.from('three\nfour\n'));
    expect(seen).toEqual(['one']);
    expect(dropped).toBe(0);
  });

  it('hands out nothing after an end within what it dropped', () => {
    const seen: string[] = [];
    let drops = 0;
    const lines = new CappedLines({
      onLine: (line) => void seen.push(line),
      onDropped: () => {
        drops += 1;
        lines.close();
      },
    });
    lines.push(Buffer.from(`${'x'.repeat(LINE_BYTES_MAX + 2)}\ntwo\n`));
    lines.push(Buffer.from('th'));
    lines.push(Buffer.from('ree\n'));
    expect(seen).toEqual([]);
    expect(drops).toBe(1);
  });
});
