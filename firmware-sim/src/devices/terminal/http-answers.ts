/** Longest answer of a server. */
const ANSWER_BYTES_MAX = 64 * 1024;

/** Takes the answers of a server out of what it sends: status, length, body. */
export class HttpAnswers {
  readonly #onAnswer: (status: number, body: string) => void;
  #bytes = Buffer.alloc(0);

  constructor(onAnswer: (status: number, body: string) => void) {
    this.#onAnswer = onAnswer;
  }

  push(bytes: Uint8Array): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]).subarray(0, ANSWER_BYTES_MAX);
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = this.#bytes.subarray(0, end).toString('latin1');
      const length = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0);
      const total = end + 4 + length;
      if (this.#bytes.length < total) return;
      const body = this.#bytes.subarray(end + 4, total).toString('utf8');
      this.#bytes = Buffer.from(this.#bytes.subarray(total));
      this.#onAnswer(Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0), body);
    }
  }

  /** Another connection: what is left of the last one belongs to nobody. */
  reset(): void {
    this.#bytes = Buffer.alloc(0);
  }
}
