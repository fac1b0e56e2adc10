import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

/** The host's side of a pty in tests: opens the path as a plain program would, without setting any mode. */
export class HostEnd {
  readonly hungUp: Promise<void>;
  readonly closed: Promise<void>;
  readonly #fd: number;
  readonly #stream: ReadStream;
  readonly #received: number[] = [];
  readonly #waiters: (() => void)[] = [];

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    this.#stream = new ReadStream(this.#fd);
    this.#stream.on('data', (chunk: Buffer) => {
      this.#received.push(...chunk);
      for (const waiter of this.#waiters.splice(0)) waiter();
    });
    this.hungUp = new Promise((resolve) => {
      this.#stream.on('error', () => resolve());
      this.#stream.on('end', () => resolve());
      this.#stream.on('close', () => resolve());
    });
    this.closed = new Promise((resolve) => {
      this.#stream.on('close', () => {
        // The stream reopened the terminal for itself, so this descriptor is still ours to close.
        closeSync(this.#fd);
        resolve();
      });
    });
  }

  write(bytes: Uint8Array | string): void {
    writeSync(this.#fd, Buffer.from(bytes as Uint8Array));
  }

  /** The next `count` bytes, as soon as they are there. */
  async read(count: number): Promise<number[]> {
    while (this.#received.length < count) await this.#more();
    return this.#received.splice(0, count);
  }

  /** Forgets what has arrived so far. */
  takeAll(): void {
    this.#received.length = 0;
  }

  /** Everything up to and including the next occurrence of `end`. */
  async readUntil(end: string): Promise<string> {
    for (;;) {
      const text = Buffer.from(this.#received).toString('latin1');
      const at = text.indexOf(end);
      if (at >= 0) return Buffer.from(this.#received.splice(0, at + end.length)).toString('latin1');
      await this.#more();
    }
  }

  async close(): Promise<void> {
    this.#stream.destroy();
    await this.closed;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }
}
