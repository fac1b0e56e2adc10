import type { Clock } from '@rollcall/protocol/clock';
import { type Campus, type CampusDevice, devicesOf } from '../campus/campus.js';
import { readerKind } from '../campus/reader-kinds.js';
import type { PlannedTap } from '../campus/session-plan.js';
import { SimulatedDevice } from '../devices/simulated-device.js';
import type { DemoPaths } from './demo-paths.js';
import type { DeviceAddresses } from './device-addresses.js';
import { restoreFlash, saveFlash } from './terminal-flash.js';

/** A quick hand: long enough for an RDM6300 to send its frame twice. */
const TAP_MS = 600;
/** Scanners look for a finger and then compare it. */
const TOUCH_MS = 1_500;

/** All readers, scanners, terminals and lights of the campus, in this process. */
export class CampusDevices {
  readonly all: readonly SimulatedDevice[];
  readonly counts = { taps: 0, turnedAway: 0 };
  readonly #byId: ReadonlyMap<string, SimulatedDevice>;
  readonly #paths: DemoPaths;

  constructor(campus: Campus, places: { paths: DemoPaths; addresses: DeviceAddresses }, clock: Clock) {
    this.#paths = places.paths;
    const make = (device: CampusDevice): SimulatedDevice => {
      const { id, driver } = device;
      const { profile } = readerKind(driver);
      const { link: linkPath } = places.addresses.of(device);
      const variant = profile === undefined ? {} : { profile };
      return new SimulatedDevice({ id, driver, linkPath, clock, seed: campus.seed, ...variant });
    };
    this.all = campus.rooms.flatMap(devicesOf).map(make);
    this.#byId = new Map(this.all.map((device) => [device.id, device]));
  }

  start(): void {
    for (const device of this.all) {
      const { memory } = device.firmware;
      if (memory !== undefined) restoreFlash(memory, this.#paths.flash(device.id));
      device.start();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((device) => device.stop()));
    for (const { id, firmware } of this.all) {
      if (firmware.memory !== undefined) saveFlash(firmware.memory, this.#paths.flash(id));
    }
  }

  tap({ device: { id, driver }, shown }: PlannedTap): void {
    const device = this.#byId.get(id);
    const isFinger = readerKind(driver).finger !== undefined;
    const queue = isFinger ? device?.fingers : device?.field;
    // Somebody unplugged it through the control API, or the queue before it is long: people walk on.
    if (device === undefined || !device.wire.isPlugged || queue?.isCrowded === true) {
      this.counts.turnedAway += 1;
      return;
    }
    this.counts.taps += 1;
    if (isFinger) device.touch(shown, TOUCH_MS);
    else device.swipe(shown, TAP_MS);
  }

  /** What the lights did, counted from the bytes on their cables. */
  lights(): { green: number; amber: number; red: number } {
    const sum = { green: 0, amber: 0, red: 0 };
    for (const { lights } of this.all) {
      sum.green += lights.green;
      sum.amber += lights.amber;
      sum.red += lights.red;
    }
    return sum;
  }
}
