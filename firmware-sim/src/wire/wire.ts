import type { LineStep } from './paced-line.js';

/** Changes how one frame goes over the wire. */
export type FrameDistortion = (frame: Uint8Array) => LineStep[];

/** What a cable tells the device at its end. */
export interface WireOptions {
  /** Bytes from the host, as this device hears them. */
  onBytes(bytes: Uint8Array): void;
  onHost(isOpen: boolean): void;
  onSent(frame: Uint8Array): void;
  onPower(isOn: boolean): void;
}

/** What every cable between a simulated device and the host can do, and what can go wrong with it. */
export interface Wire {
  readonly counters: { bytesOut: number; bytesLost: number; bytesIn: number; framesSent: number };
  /** Where the host finds the device, or a device that calls its host. */
  readonly link: { readonly path: string };
  readonly baud: number;
  readonly isPlugged: boolean;
  readonly isHostOpen: boolean;
  readonly isFrozen: boolean;
  /** Where the link points to; undefined while unplugged, and on a network. */
  readonly devicePath: string | undefined;
  plug(): void;
  unplug(): Promise<void>;
  /** Changes the speed of the device; a cable that has none stays as it is. */
  setBaud(baud: number): void;
  /** One frame of the device's protocol; a fault that waits for the next frame takes hold here. */
  sendFrame(frame: Uint8Array): void;
  /** Bytes that are no frame: noise, banners of other programs. */
  sendLoose(bytes: Uint8Array): void;
  distortNextFrames(distort: FrameDistortion, frames?: number): void;
  /** The device hangs: it neither sends nor reads; the host can still write until the buffers are full. */
  freeze(): void;
  thaw(): void;
}
