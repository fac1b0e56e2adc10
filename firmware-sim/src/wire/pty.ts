import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { RollcallError } from '@rollcall/protocol/errors';
import koffi from 'koffi';
import { PTY_WRITE_BYTES_MAX } from './write-limit.js';

/** How often an unopened pty is asked whether a host has come; the kernel has no event for it. */
const HOST_WATCH_MS = 10;
/** How long an unplug waits for a host that still reads; one that does not loses the bytes. */
const DRAIN_MS_MAX = 100;
const DRAIN_STEP_MS = 5;

// Linux asm-generic numbers (x86, arm, riscv). termios2 carries the baud rate as a number, whatever it is.
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TCGETS2 = 0x802c542a;
const TCSETS2 = 0x402c542b;
const FIONREAD = 0x541b;
const TERMIOS2_BYTES = 44;
const OFFSET = {
  inputFlags: 0,
  outputFlags: 4,
  controlFlags: 8,
  localFlags: 12,
  inputBaud: 36,
  outputBaud: 40,
};
const CBAUD_MASK = 0x100f;
const BOTHER = 0x1000;
const INPUT_BAUD_SHIFT = 16;
const CS8_CREAD_CLOCAL = 0x30 | 0x80 | 0x800;
const SIZE_AND_PARITY_MASK = 0x30 | 0x100 | 0x200;
const POLLHUP = 0x10;
const POLLFD_BYTES = 8;

const libc = koffi.load(null);
const ioctl = libc.func('int ioctl(int fd, unsigned long request, ...)');
const dup = libc.func('int dup(int fd)');
const poll = libc.func('int poll(void *fds, unsigned long count, int timeout)');

export interface PtyEvents {
  /** Bytes that the host wrote. */
  onBytes(bytes: Uint8Array): void;
  /** A host opened or closed its end. */
  onHost(isOpen: boolean): void;
}

/**
 * One pty pair: this side is the device, the path is what the host opens. Only the master is held, because
 * only then does the kernel tell whether a host is there; a UART without a listener loses its bytes, and so
 * does this.
 */
export class Pty {
  readonly path: string;
  readonly #master: number;
  readonly #events: PtyEvents;
  #reader: ReadStream | undefined;
  #watch: NodeJS.Timeout | undefined;
  #isReading = true;
  #isClosed = false;

  private constructor(master: number, path: string, events: PtyEvents) {
    this.#master = master;
    this.path = path;
    this.#events = events;
  }

  static open(baud: number, events: PtyEvents): Pty {
    const master = openMaster();
    try {
      const number = Buffer.alloc(4);
      control(master, TIOCSPTLCK, number);
      control(master, TIOCGPTN, number);
      const pty = new Pty(master, `/dev/pts/${number.readUInt32LE()}`, events);
      pty.#setRaw(baud);
      // Opened and closed once: until then the kernel does not report that nobody is there.
      closeSync(openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY));
      pty.#watchForHost();
      return pty;
    } catch (error) {
      closeSync(master);
      throw error;
    }
  }

  get isHostOpen(): boolean {
    if (this.#isClosed) return false;
    const request = Buffer.alloc(POLLFD_BYTES);
    request.writeInt32LE(this.#master, 0);
    poll(request, 1, 0);
    return (request.readInt16LE(6) & POLLHUP) === 0;
  }

  /** The baud rate that the host set last; a pty ignores it but remembers it. */
  get hostBaud(): number {
    const settings = Buffer.alloc(TERMIOS2_BYTES);
    control(this.#master, TCGETS2, settings);
    return settings.readUInt32LE(OFFSET.outputBaud);
  }

  /** Gives the bytes to the host and returns how many it took; the rest is lost, as on a UART that nobody empties. */
  write(bytes: Uint8Array): number {
    if (bytes.length > PTY_WRITE_BYTES_MAX) {
      throw new RangeError(
        `at most ${PTY_WRITE_BYTES_MAX} bytes at once, not ${bytes.length}: split and yield`,
      );
    }
    if (this.#isClosed || !this.isHostOpen) return 0;
    try {
      return writeSync(this.#master, bytes);
    } catch (error) {
      // EAGAIN: the host reads nothing and the kernel's buffer is full. EIO: it closed between poll and write.
      if (isErrno(error, 'EAGAIN') || isErrno(error, 'EIO')) return 0;
      throw error;
    }
  }

  pauseReading(): void {
    this.#isReading = false;
    this.#reader?.pause();
  }

  resumeReading(): void {
    this.#isReading = true;
    this.#reader?.resume();
  }

  /**
   * Closes the master: the host sees the device disappear. Resolves when the kernel has let go of it. What was
   * written before still reaches a host that reads: the kernel would throw it away at the hang-up.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    const isHostOpen = this.isHostOpen;
    this.#isClosed = true;
    clearInterval(this.#watch);
    if (isHostOpen) await this.#drain();
    const reader = this.#reader;
    if (reader !== undefined) {
      await new Promise<void>((resolve) => {
        reader.once('close', resolve);
        reader.destroy();
      });
    }
    closeSync(this.#master);
  }

  async #drain(): Promise<void> {
    const slave = openSync(this.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    try {
      const unread = Buffer.alloc(4);
      for (let waitedMs = 0; waitedMs < DRAIN_MS_MAX; waitedMs += DRAIN_STEP_MS) {
        // Always once: right after a write the bytes are still on their way to where they can be counted.
        await new Promise((resolve) => setTimeout(resolve, DRAIN_STEP_MS));
        control(slave, FIONREAD, unread);
        if (unread.readUInt32LE() === 0) return;
      }
    } finally {
      closeSync(slave);
    }
  }

  #watchForHost(): void {
    this.#watch = setInterval(() => {
      if (!this.isHostOpen) return;
      clearInterval(this.#watch);
      this.#startReading();
      this.#events.onHost(true);
    }, HOST_WATCH_MS);
  }

  #startReading(): void {
    const copy: number = dup(this.#master);
    if (copy < 0) throw unavailable('no file descriptor is left', undefined);
    const reader = new ReadStream(copy);
    this.#reader = reader;
    reader.on('data', (chunk: Buffer) => this.#events.onBytes(chunk));
    // The host's close arrives as EIO, which is how the kernel says "hung up"; 'close' follows in every case.
    reader.on('error', (error) => {
      if (!isErrno(error, 'EIO')) process.emitWarning(`reading ${this.path} failed: ${error.message}`);
    });
    reader.on('close', () => {
      this.#reader = undefined;
      if (this.#isClosed) return;
      this.#events.onHost(false);
      this.#watchForHost();
    });
    if (!this.#isReading) reader.pause();
  }

  /** Raw from the start: a cooked line would eat 03, 04, 0D, 11 and 13 and echo before the host sets its own mode. */
  #setRaw(baud: number): void {
    const settings = Buffer.alloc(TERMIOS2_BYTES);
    control(this.#master, TCGETS2, settings);
    settings.writeUInt32LE(0, OFFSET.inputFlags);
    settings.writeUInt32LE(0, OFFSET.outputFlags);
    settings.writeUInt32LE(0, OFFSET.localFlags);
    const kept =
      settings.readUInt32LE(OFFSET.controlFlags) &
      ~(CBAUD_MASK | (CBAUD_MASK << INPUT_BAUD_SHIFT) | SIZE_AND_PARITY_MASK);
    settings.writeUInt32LE((kept | CS8_CREAD_CLOCAL | BOTHER) >>> 0, OFFSET.controlFlags);
    settings.writeUInt32LE(baud, OFFSET.inputBaud);
    settings.writeUInt32LE(baud, OFFSET.outputBaud);
    control(this.#master, TCSETS2, settings);
  }
}

function openMaster(): number {
  try {
    return openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (cause) {
    throw unavailable('/dev/ptmx cannot be opened', cause);
  }
}

function control(fd: number, request: number, argument: Buffer): void {
  if (ioctl(fd, request, 'void *', argument) < 0) {
    throw unavailable(`ioctl 0x${request.toString(16)} failed with errno ${koffi.errno()}`, undefined);
  }
}

function unavailable(what: string, cause: unknown): RollcallError {
  return new RollcallError(
    'PTY_UNAVAILABLE',
    `No pseudo-terminal for a simulated device: ${what}. This needs Linux with /dev/ptmx and /dev/pts mounted and writable.`,
    { cause },
  );
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}
