import { ManualClock } from '@rollcall/protocol/manual-clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LINE_QUEUE_BYTES_MAX, PacedLine } from './paced-line.js';

/** A process that gets every second turn late. */
class HeldUpClock extends ManualClock {
  #isLate = true;

  override after(delayMs: number, callback: () => void): () => void {
    this.#isLate = !this.#isLate;
    return super.after(delayMs + (this.#isLate ? 40 : 0), callback);
  }
}

function pacedLine(baud: number, clock = new ManualClock()) {
  const slices: { atMs: number; bytes: number[] }[] = [];
  const startMs = clock.monoMs();
  const line = new PacedLine({
    clock,
    baud,
    deliver: (slice) => slices.push({ atMs: clock.monoMs() - startMs, bytes: [...slice] }),
  });
  return { clock, line, slices, sent: () => slices.flatMap((slice) => slice.bytes) };
}

describe('PacedLine', () => {
  it('takes 14.6 ms for a 14 byte frame at 9600 baud', () => {
    const { clock, line, slices, sent } = pacedLine(9600);
    line.send([{ kind: 'bytes', bytes: new Uint8Array(14) }]);
    clock.advance(14);
    expect(sent()).toHaveLength(0);
    clock.advance(1);
    expect(sent()).toHaveLength(14);
    expect(slices.map((slice) => slice.atMs)).toEqual([15]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never pauses inside a frame because this process was held up, and never delivers a piece too large', () => {
    const { clock, line, slices } = pacedLine(9600, new HeldUpClock());
    const frame = { kind: 'bytes', bytes: new Uint8Array(14) } as const;
    line.send([frame, { kind: 'pause', pauseMs: 60 }, frame, { kind: 'bytes', bytes: new Uint8Array(700) }]);
    clock.advance(5_000);
    expect(slices.map(({ bytes }) => bytes.length)).toEqual([14, 14, 256, 256, 188]);
  });

  it('never delivers faster than the baud rate, and everything in order', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(1200, 9600, 57_600, 115_200, 921_600),
        fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 5 }),
        (baud, chunks) => {
          const { clock, line, slices, sent } = pacedLine(baud);
          for (const bytes of chunks) line.send([{ kind: 'bytes', bytes }]);
          clock.advance(60_000);
          expect(sent()).toEqual(chunks.flatMap((chunk) => [...chunk]));
          let total = 0;
          for (const slice of slices) {
            total += slice.bytes.length;
            expect(total).toBeLessThanOrEqual((slice.atMs * baud) / 10_000);
          }
        },
      ),
    );
  });

  it('keeps pauses and acts in their place between the bytes', () => {
    const { clock, line, slices } = pacedLine(9600);
    let actedAfter = -1;
    line.send([
      { kind: 'bytes', bytes: Uint8Array.of(1) },
      { kind: 'pause', pauseMs: 100 },
      { kind: 'act', act: () => (actedAfter = slices.length) },
      { kind: 'bytes', bytes: Uint8Array.of(2) },
    ]);
    clock.advance(1_000);
    expect(slices.map((slice) => slice.atMs)).toEqual([2, 104]);
    expect(actedAfter).toBe(1);
  });

  it('sends nothing while frozen but what is on the line already, and goes on after the thaw', () => {
    const { clock, line, sent } = pacedLine(9600);
    line.send([{ kind: 'bytes', bytes: new Uint8Array(20) }]);
    clock.advance(5);
    line.freeze();
    clock.advance(10_000);
    expect(sent()).toHaveLength(4);
    line.thaw();
    clock.advance(100);
    expect(sent()).toHaveLength(20);
  });

  it('forgets what was waiting when an act in the middle cuts the power', () => {
    const { clock, line, sent } = pacedLine(9600);
    line.send([
      { kind: 'bytes', bytes: Uint8Array.of(1, 2, 3) },
      { kind: 'act', act: () => line.clear() },
      { kind: 'bytes', bytes: Uint8Array.of(4) },
    ]);
    clock.advance(1_000);
    expect(sent()).toEqual([1, 2, 3]);
    expect(line.queuedBytes).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses more than its queue holds, and takes more once there is room', () => {
    const { clock, line } = pacedLine(9600);
    expect(line.send([{ kind: 'bytes', bytes: new Uint8Array(LINE_QUEUE_BYTES_MAX) }])).toBe(true);
    expect(line.send([{ kind: 'bytes', bytes: new Uint8Array(1) }])).toBe(false);
    clock.advance(300);
    expect(line.send([{ kind: 'bytes', bytes: new Uint8Array(1) }])).toBe(true);
  });
});
