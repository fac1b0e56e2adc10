import { DEVICE_COUNTERS, type DeviceCounters } from '@rollcall/protocol/device-status';
import type { DeviceSnapshot } from '../devices/device-snapshot.js';

export function deviceSnapshot(over: Partial<DeviceSnapshot> = {}): DeviceSnapshot {
  return {
    deviceId: 'reader-1',
    driver: 'line',
    state: 'ready',
    sinceMs: Date.UTC(2026, 6, 7),
    lastFrameAtMs: null,
    problem: null,
    counters: Object.fromEntries(DEVICE_COUNTERS.map((name) => [name, 0])) as DeviceCounters,
    completeThrough: 'as_of',
    ...over,
  };
}
