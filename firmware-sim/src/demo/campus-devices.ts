import type { Clock } from '@rollcall/protocol/clock';
import type { Campus, CampusDevice } from '../campus/campus.js';
import { readerKind } from '../campus/reader-kinds.js';
import type { PlannedTap } from '../campus/session-plan.js';
import { SimulatedDevice } from '../devices/simulated-device.js';
import type { DemoPaths } from './demo-paths.js';

/** A quick hand: long enough for an RDM6300 to send its frame twice. */
const TAP_MS = 600;

/** All readers and lights of the campus, on ptys of this process. */
export class CampusDevices {
  readonly all: readonly SimulatedDevice[];
  readonly counts = { taps: 0, turnedAway: 0 };
  readonly #byId: ReadonlyMap<string, SimulatedDevice>;

  constructor(campus: Campus, paths: DemoPaths, clock: Clock) {
    const make = ({ id, driver }: CampusDevice): SimulatedDevice => {
      const { profile } = readerKind(driver);
      const linkPath = paths.deviceLink(id);
      const variant = profile === undefined ? {} : { profile };
      return new SimulatedDevice({ id, driver, linkPath, clock, seed: campus.seed, ...variant });
    };
    this.all = campus.rooms.flatMap((room) => [room.reader, ...(room.lights ? [room.lights] : [])]).map(make);
    this.#byId = new Map(this.all.map((device) => [device.id, device]));
  }

  start(): void {
    for (const device of this.all) device.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((device) => device.stop()));
  }

  tap({ room, uid }: PlannedTap): void {
    const device = this.#byId.get(room.reader.id);
    // Somebody unplugged it through the control API, or the queue before it is long: people walk on.
    if (device === undefined || !device.wire.isPlugged || device.field.isCrowded) {
      this.counts.turnedAway += 1;
      return;
    }
    this.counts.taps += 1;
    device.swipe(uid, TAP_MS);
  }

  /** What the lights did, counted from the bytes on the ptys. */
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
