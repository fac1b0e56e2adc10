import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { BATCH_BYTES_MAX } from '@rollcall/protocol/batch';

/** A full batch, its topic and its MQTT header. */
const PACKET_BYTES_MAX = BATCH_BYTES_MAX + 1024;
/** A remaining length of MQTT takes at most four bytes of seven bits. */
const LENGTH_SHIFT_MAX = 21;

/** Follows packet borders in a stream of MQTT without keeping anything of it. */
export class PacketLimit {
  readonly #limitBytes: number;
  #bodyLeft = 0;
  #length = 0;
  /** -1: the next byte is a packet type; else the position of the next bits of its length. */
  #shift = -1;

  constructor(limitBytes = PACKET_BYTES_MAX) {
    this.#limitBytes = limitBytes;
  }

  /** @returns false as soon as a packet announces more than the limit, before a byte of it has to be kept */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#bodyLeft > 0) {
        const skipped = Math.min(this.#bodyLeft, chunk.length - at);
        this.#bodyLeft -= skipped;
        at += skipped;
      } else if (!this.#acceptsHeaderByte(chunk[at++] ?? 0)) {
        return false;
      }
    }
    return true;
  }

  #acceptsHeaderByte(byte: number): boolean {
    if (this.#shift < 0) {
      this.#shift = 0;
      this.#length = 0;
      return true;
    }
    if (this.#shift > LENGTH_SHIFT_MAX) return false;
    this.#length += (byte & 0x7f) << this.#shift;
    this.#shift += 7;
    if (this.#length > this.#limitBytes) return false;
    if ((byte & 0x80) !== 0) return true;
    this.#bodyLeft = this.#length;
    this.#shift = -1;
    return true;
  }
}

/**
 * A socket that dies when a packet is too large: the broker collects whatever a packet announces, up to
 * 256 MiB, and does so before it knows who is talking.
 */
export class BoundedConnection extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket, limit = new PacketLimit()) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk) => {
      if (!limit.accepts(chunk)) this.destroy(new Error('an MQTT packet is larger than a batch may be'));
      else if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#socket.write(chunk, callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => Buffer.from(chunk))), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#socket.end(() => callback());
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }
}
