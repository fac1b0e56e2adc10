import type { RollcallError } from '@rollcall/protocol/errors';
import type { FeatureReports } from '../transport.js';

export interface HidEvents {
  /** One whole report, its number first where the device numbers its reports. */
  onReport(report: Uint8Array): void;
  /** The device is gone; nothing more arrives. */
  onLost(reason: RollcallError): void;
}

/** One HID device that is open, whichever way the system gives it: hidraw, input events, or a socket. */
export interface HidDevice {
  /** Absent where only keys can be read. */
  readonly features?: FeatureReports;
  /** One output report, its number first, 0 where there are no numbers. */
  write(report: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** @throws RollcallError `PORT_ABSENT`, `PORT_DENIED`, `PORT_BUSY`, `DEVICE_AMBIGUOUS` or `HID_UNAVAILABLE`. */
export type OpenHidDevice = (events: HidEvents) => Promise<HidDevice>;
