/** Bytes of traffic kept per device (edge §4.6). */
export const CAPTURE_BYTES_MAX = 64 * 1024;
/** Pieces kept per device: single bytes with their times must not cost a hundred times their size. */
export const CAPTURE_PIECES_MAX = 4096;

export interface CapturedPiece {
  direction: 'in' | 'out';
  monoMs: number;
  bytes: Uint8Array;
}

/**
 * The last bytes on the wire, for the technician and for replaying as a test. It holds card numbers, so it
 * leaves the machine only when a person asks for it.
 */
export class CaptureRing {
  readonly #pieces: CapturedPiece[] = [];
  #bytes = 0;
  /** What comes in answers a secret, and may be one. */
  #isConcealing = false;

  add(direction: 'in' | 'out', monoMs: number, bytes: Uint8Array): void {
    const kept = new Uint8Array(bytes.subarray(Math.max(0, bytes.length - CAPTURE_BYTES_MAX)));
    if (direction === 'out') this.#isConcealing = false;
    else if (this.#isConcealing) kept.fill(0);
    this.#pieces.push({ direction, monoMs, bytes: kept });
    this.#bytes += kept.length;
    while (this.#bytes > CAPTURE_BYTES_MAX || this.#pieces.length > CAPTURE_PIECES_MAX) {
      this.#bytes -= this.#pieces.shift()?.bytes.length ?? 0;
    }
  }

  /**
   * Blackens everything from the last write to the next one, that next one not included: it holds a key, a PIN or a
   * template, or answers one. What answers is blackened as it comes, since it may come in parts, too late or broken.
   */
  conceal(): void {
    this.#isConcealing = true;
    for (let index = this.#pieces.length - 1; index >= 0; index--) {
      const piece = this.#pieces[index];
      piece?.bytes.fill(0);
      if (piece?.direction === 'out') return;
    }
  }

  get byteLength(): number {
    return this.#bytes;
  }

  pieces(): readonly CapturedPiece[] {
    return this.#pieces;
  }
}
