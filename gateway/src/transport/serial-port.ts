import { realpath } from 'node:fs/promises';
import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { SerialPort } from 'serialport';
import { Connection } from './connection.js';
import type { LinkSettings, Transport, TransportHandlers } from './transport.js';

/** Bytes read at once; a reader sends a few dozen. */
const READ_BYTES_MAX = 4096;

interface SerialPortTransportOptions {
  path: string;
  link: LinkSettings;
  clock: Clock;
}

/** One opening of one tty, found by its lasting name at that moment. */
export class SerialPortTransport implements Transport {
  readonly #path: string;
  readonly #link: LinkSettings;
  readonly #connection: Connection;
  #port: SerialPort | undefined;
  #released: Promise<void> = Promise.resolve();

  constructor({ path, link, clock }: SerialPortTransportOptions) {
    this.#path = path;
    this.#link = link;
    this.#connection = new Connection(path, clock);
  }

  async open(handlers: TransportHandlers): Promise<void> {
    // A symlink is followed now and not earlier: it points elsewhere after a replug.
    const path = await realpath(this.#path).catch((cause: unknown) => {
      throw openError(this.#path, cause);
    });
    const port = new SerialPort({
      path,
      baudRate: this.#link.baud,
      autoOpen: false,
      // Closing must not drop DTR: the next opening would restart an Arduino.
      hupcl: false,
      lock: true,
      highWaterMark: READ_BYTES_MAX,
    });
    // Without a reader the binding does not notice that the device went away.
    port.on('data', (chunk: Buffer) => this.#connection.received(chunk));
    port.on('error', (cause) => this.#lose(cause));
    port.on('end', () => this.#lose(undefined));
    port.on('close', (cause: unknown) => this.#lose(cause ?? undefined));
    await settle((done) => port.open(done)).catch((cause: unknown) => {
      throw openError(this.#path, cause);
    });
    this.#port = port;
    try {
      await this.#setControlLines(port);
      // Bytes of the time before belong to nobody (RDM6300 note §6).
      await settle((done) => port.flush(done));
    } catch (cause) {
      await this.#release();
      throw isRollcallError(cause) ? cause : openError(this.#path, cause);
    }
    if (this.#connection.isOver || !port.isOpen)
      throw openError(this.#path, new Error('closed while it was opened'));
    this.#connection.begin(handlers);
  }

  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port;
    // serialport would keep the bytes until the next opening and then light the next person's reader.
    if (port === undefined || !port.isOpen) return Promise.reject(this.#connection.closedError());
    return this.#connection.write((done) => port.write(Buffer.from(bytes), undefined, done));
  }

  async setBaud(baud: number): Promise<void> {
    const port = this.#port;
    if (port === undefined || !port.isOpen) throw this.#connection.closedError();
    await settle((done) => port.update({ baudRate: baud }, done));
  }

  async close(): Promise<void> {
    this.#connection.end(this.#connection.closedError());
    await this.#release();
  }

  #lose(cause: unknown): void {
    const reason = new RollcallError(
      'PORT_LOST',
      `${this.#path} went away; check the plug and the power of the reader`,
      cause === undefined ? {} : { cause },
    );
    this.#connection.end(reason);
    void this.#release();
  }

  /** Resolves when the lock on the port is free for the next opening. */
  async #release(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    if (port?.isOpen === true) {
      // A failing close leaves nothing to do: the object is thrown away either way.
      this.#released = settle((done) => port.close(done)).catch(() => undefined);
    }
    await this.#released;
  }

  async #setControlLines(port: SerialPort): Promise<void> {
    const { dtr, rts } = this.#link;
    await settle((done) => port.set({ dtr, rts }, done)).catch((cause: unknown) => {
      // A pty and some adapters have no control lines; that is no reason to refuse the reader.
      if (!/inappropriate ioctl|invalid argument|not supported/i.test(textOf(cause))) throw cause;
    });
  }
}

function settle(act: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    act((error) => (error ? reject(error) : resolve()));
  });
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The binding has only texts; they are taken apart here and nowhere else. */
function openError(path: string, cause: unknown): RollcallError {
  const text = textOf(cause);
  const context = { path };
  if (/permission denied|EACCES|EPERM|not permitted/i.test(text)) {
    return new RollcallError(
      'PORT_DENIED',
      `This user may not open ${path}; add the user of the service to the group that owns it ("sudo usermod -aG dialout rollcall") and restart the service`,
      { cause, context },
    );
  }
  if (/cannot lock port|resource temporarily unavailable|EBUSY|busy/i.test(text)) {
    return new RollcallError(
      'PORT_BUSY',
      `${path} is in use by another program; find it with "sudo fuser -v ${path}" and stop it (often ModemManager or a getty)`,
      { cause, context },
    );
  }
  if (/inappropriate ioctl|not a typewriter|ENOTTY/i.test(text)) {
    return new RollcallError(
      'PORT_ABSENT',
      `${path} is not a serial port; correct "port" in the configuration`,
      {
        cause,
        context,
      },
    );
  }
  return new RollcallError(
    'PORT_ABSENT',
    `There is no reader at ${path}; plug it in, or correct "port" in the configuration ("ls -l /dev/serial/by-id/" lists what is there)`,
    { cause, context },
  );
}
