import type { DeviceLink } from './device-link.js';
import type { LineStep } from './paced-line.js';

/** Changes how one frame goes over the wire. */
export type FrameDistortion = (frame: Uint8Array) => LineStep[];

/** What every cable between a simulated device and the host can do, and what can go wrong with it. */
export interface Wire {
  readonly counters: { bytesOut: number; bytesLost: number; bytesIn: number; framesSent: number };
  readonly link: DeviceLink;
  readonly baud: number;
  readonly isPlugged: boolean;
  readonly isHostOpen: boolean;
  readonly isFrozen: boolean;
  /** Where the link points to; undefined while unplugged. */
  readonly devicePath: string | undefined;
  plug(): void;
  unplug(): Promise<void>;
  /** One frame of the device's protocol; a fault that waits for the next frame takes hold here. */
  sendFrame(frame: Uint8Array): void;
  /** Bytes that are no frame: noise, banners of other programs. */
  sendLoose(bytes: Uint8Array): void;
  distortNextFrames(distort: FrameDistortion, frames?: number): void;
  /** The device hangs: it neither sends nor reads; the host can still write until the buffers are full. */
  freeze(): void;
  thaw(): void;
}
