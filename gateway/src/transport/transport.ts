import type { RollcallError } from '@rollcall/protocol/errors';

export interface TransportHandlers {
  onBytes(chunk: Uint8Array): void;
  /** Called exactly once per successful open, after which nothing more arrives. */
  onClose(reason: RollcallError): void;
}

/**
 * One connection to one device. An object is opened once and thrown away when it closes: a port or parser
 * that outlives its connection can glue two half frames into somebody's card (edge §0, finding 1).
 */
export interface Transport {
  /** @throws RollcallError `PORT_ABSENT`, `PORT_DENIED` or `PORT_BUSY`. */
  open(handlers: TransportHandlers): Promise<void>;
  /**
   * Resolves when the bytes were handed to the operating system.
   *
   * @throws RollcallError `PORT_CLOSED` at once when not open, so that a light meant for one person can
   *   never be delivered to the next after a replug (edge §0, finding 2); `PORT_WRITE_TIMEOUT`.
   */
  write(bytes: Uint8Array): Promise<void>;
  setBaud(baud: number): Promise<void>;
  /** Idempotent; `onClose` is still called. */
  close(): Promise<void>;
}

export interface LinkSettings {
  baud: number;
  /** Control lines after opening; many ESP32 and Arduino boards reset on a DTR edge. */
  dtr: boolean;
  rts: boolean;
}

export type OpenTransport = (port: string, link: LinkSettings) => Transport;
