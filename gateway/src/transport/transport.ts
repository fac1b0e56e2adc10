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
  /** Set where each chunk is one datagram, which may be lost, repeated, late or out of order. */
  readonly datagrams?: true;
  /** Of a HID device only. */
  readonly features?: FeatureReports | undefined;
  /** Present where several connections share one port: exclusive until the function that it gives is called. */
  takeTurn?(): Promise<() => void>;
  /** Idempotent; `onClose` is still called. */
  close(): Promise<void>;
}

/**
 * Reports that are exchanged on request, beside the ones that the device sends (HID 1.11 §7.2). A report starts
 * with its number, 0 where the device does not number them.
 */
export interface FeatureReports {
  /** @throws RollcallError `PORT_CLOSED`, or `DEVICE_TIMEOUT` when the device does not take it. */
  set(report: Uint8Array): Promise<void>;
  /**
   * @param bytes length of the report, its number included.
   * @throws RollcallError `PORT_CLOSED`, or `DEVICE_TIMEOUT` when the device does not give it.
   */
  get(reportId: number, bytes: number): Promise<Uint8Array>;
}

/** How a port of bytes is opened. */
export interface LinkSettings {
  kind?: 'serial';
  baud: number;
  /** Control lines after opening; many ESP32 and Arduino boards reset on a DTR edge. */
  dtr: boolean;
  rts: boolean;
  /** Several devices are on this port, and each gets a connection of its own. */
  shared?: boolean;
}

/**
 * How a HID device is opened. `onBytes` then has one whole report each time, and `write` takes one, its number
 * first (0 where the device does not number them).
 */
export interface HidLinkSettings {
  kind: 'hid';
  /** Of the top-level collection that is meant (HID usage tables): a device can be a keyboard and a mouse. */
  usagePage: number;
  usage: number;
  /** What it types must reach nobody else: the keys are taken away from consoles and desktops. */
  exclusive: boolean;
}

export type OpenTransport = (port: string, link: LinkSettings | HidLinkSettings) => Transport;
