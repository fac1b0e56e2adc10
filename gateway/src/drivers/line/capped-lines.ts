import { ReadlineParser } from '@serialport/parser-readline';

/** Bytes without a line end after which a line is given up; the parser behind has no limit of its own (edge §0, finding 3). */
export const LINE_BYTES_MAX = 512;
const LINE_END = 0x0a;

export interface CappedLinesHandlers {
  /**
   * One line without its `\n`, each character one byte. Until a line end was seen (`followsLineEnd` false) it
   * may be the tail of something longer: the port can be opened in the middle of a line (edge §0, finding 1).
   */
  onLine(line: string, followsLineEnd: boolean): void;
  /**
   * Bytes given up, because no line end came in time. `isLine` once for each `LINE_BYTES_MAX` of them: a device
   * at the wrong baud rate may never send a line end, and has to count as more than one mistake.
   */
  onDropped(bytes: number, isLine: boolean): void;
}

/**
 * @serialport/parser-readline behind a byte cap. Lines come out during `push`, never later. A line that arrived in one
 * piece does not need the parser, a stream that takes as long as all the rest of reading a card.
 */
export class CappedLines {
  readonly #handlers: CappedLinesHandlers;
  #parser: ReadlineParser;
  #pendingBytes = 0;
  #isSkipping = false;
  #sawLineEnd = false;
  #isClosed = false;

  constructor(handlers: CappedLinesHandlers) {
    this.#handlers = handlers;
    this.#parser = this.#newParser();
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    // A handler may close within any line.
    while (from < chunk.length && !this.#isClosed) {
      const end = chunk.indexOf(LINE_END, from);
      const to = end === -1 ? chunk.length : end + 1;
      this.#take(chunk.subarray(from, to), end !== -1);
      if (end !== -1) this.#sawLineEnd = true;
      from = to;
    }
  }

  /** Forgets the unfinished line; nothing comes out any more. */
  close(): void {
    this.#isClosed = true;
    // Never end(): that would hand out the unfinished line as if it were whole.
    this.#parser.destroy();
  }

  #take(piece: Uint8Array, isComplete: boolean): void {
    if (this.#isSkipping) {
      this.#pendingBytes += piece.length;
      const isAnother = this.#pendingBytes >= LINE_BYTES_MAX;
      if (isAnother || isComplete) this.#pendingBytes = 0;
      if (isComplete) this.#isSkipping = false;
      this.#handlers.onDropped(piece.length, isAnother);
      return;
    }
    this.#pendingBytes += piece.length;
    if (this.#pendingBytes > LINE_BYTES_MAX + 1) {
      const droppedBytes = this.#pendingBytes;
      this.#pendingBytes = 0;
      this.#isSkipping = !isComplete;
      this.#parser.destroy();
      this.#parser = this.#newParser();
      this.#handlers.onDropped(droppedBytes, true);
      return;
    }
    const isWhole = isComplete && this.#pendingBytes === piece.length;
    if (isComplete) this.#pendingBytes = 0;
    if (isWhole) this.#onWhole(piece);
    else this.#parser.write(piece);
  }

  /** As the parser would: an empty line is none. */
  #onWhole({ buffer, byteOffset, length }: Uint8Array): void {
    if (length === 1) return;
    const line = Buffer.from(buffer, byteOffset, length - 1).toString('latin1');
    this.#handlers.onLine(line, this.#sawLineEnd);
  }

  #newParser(): ReadlineParser {
    const parser = new ReadlineParser({ delimiter: '\n', encoding: 'latin1' });
    parser.on('data', (line: string) => this.#handlers.onLine(line, this.#sawLineEnd));
    // The first read leaves the stream's start-up phase, in which it would deliver in a later tick.
    parser.read(0);
    return parser;
  }
}
