import type { DeviceCounters, DeviceState } from '@rollcall/protocol/device-status';

export interface DeviceProblem {
  /** One of the error codes. */
  code: string;
  message: string;
}

/** What is known about one device, for `up/device/<id>/status` and health. */
export interface DeviceSnapshot {
  deviceId: string;
  driver: string;
  state: DeviceState;
  /** Wall clock at the last change of state. */
  sinceMs: number;
  lastFrameAtMs: number | null;
  problem: DeviceProblem | null;
  counters: DeviceCounters;
  /**
   * A plain reader has no log of its own: what it read is complete at any moment. A terminal: wall time to which its
   * log is drained; null while that is not known.
   */
  completeThrough: 'as_of' | number | null;
}
