import { DEVICE_COUNTERS, type DeviceCounter, type DeviceCounters } from '@rollcall/protocol/device-status';

/** What one device did since the process started; stops at the largest exact number instead of wrapping. */
export class Counters {
  readonly #values = Object.fromEntries(DEVICE_COUNTERS.map((name) => [name, 0])) as DeviceCounters;

  add(counter: DeviceCounter, by = 1): void {
    this.#values[counter] = Math.min(Number.MAX_SAFE_INTEGER, this.#values[counter] + Math.max(0, by));
  }

  snapshot(): DeviceCounters {
    return { ...this.#values };
  }
}
