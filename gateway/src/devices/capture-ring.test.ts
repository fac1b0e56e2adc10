import { parseVectorFile } from '@rollcall/protocol/vectors';
import { expect, it } from 'vitest';
import { CAPTURE_BYTES_MAX, CAPTURE_PIECES_MAX, CaptureRing } from './capture-ring.js';
import { captureAsVectors } from './capture-vector.js';

it('keeps the last bytes, and never more than its limits', () => {
  const ring = new CaptureRing();
  for (let count = 0; count < 200; count++) ring.add('in', count, new Uint8Array(1024).fill(count));
  expect(ring.byteLength).toBe(CAPTURE_BYTES_MAX);
  expect(ring.pieces().at(-1)?.bytes[0]).toBe(199);
  ring.add('in', 0, new Uint8Array(CAPTURE_BYTES_MAX * 2));
  expect(ring.byteLength).toBe(CAPTURE_BYTES_MAX);
  for (let count = 0; count < CAPTURE_PIECES_MAX * 2; count++) ring.add('out', count, Uint8Array.of(1));
  expect(ring.pieces().length).toBe(CAPTURE_PIECES_MAX);
});

it('copies the bytes: a buffer of the port is used again', () => {
  const ring = new CaptureRing();
  const bytes = Uint8Array.of(1, 2);
  ring.add('in', 0, bytes);
  bytes.fill(9);
  expect([...(ring.pieces()[0]?.bytes ?? [])]).toEqual([1, 2]);
});

it('becomes vectors of what came in, one read for each message', () => {
  const ring = new CaptureRing();
  ring.add('in', 5_000, Uint8Array.of(2, 0x30));
  ring.add('in', 5_020, Uint8Array.of(3));
  ring.add('out', 5_030, Uint8Array.of(0x4c));
  for (let count = 1; count <= 64; count++) ring.add('in', 5_020 + count * 100, Uint8Array.of(count));
  const { driver, vectors } = parseVectorFile(captureAsVectors('line', ring));
  expect(driver).toBe('line');
  expect(vectors.map(({ chunks_hex }) => chunks_hex?.length)).toEqual([64, 1]);
  expect(vectors[0]).toMatchObject({ gap_ms: 100, expect: [] });
  expect(vectors[0]?.chunks_hex?.[0]).toBe('02 30 03');
});
