import type { Clock } from '@rollcall/protocol/clock';
import type { DeviceState, DeviceStatus } from '@rollcall/protocol/device-status';
import { buildTopic } from '@rollcall/protocol/topics';
import type { DeviceSnapshot } from '../devices/device-snapshot.js';
import { eventRow, type RowDraft, type RowStamp } from '../store/outbox-row.js';
import type { RetainedTopics } from '../uplink/retained-topics.js';
import { isoOrNull, toldProblem } from './health-report.js';

/** States that last; the ones between are on the way to one of these. */
const SETTLED: ReadonlySet<DeviceState> = new Set(['absent', 'ready', 'degraded', 'blocked']);
/** A reader with a loose plug must not fill the outbox: one event per device in this time, the last one told. */
const EVENT_SPACING_MS = 60_000;

export interface DeviceReportsOptions {
  gatewayId: string;
  clock: Clock;
  topics: Pick<RetainedTopics, 'changed'>;
  stamp: () => RowStamp;
  append: (row: RowDraft) => unknown;
}

interface Told {
  state: DeviceState;
  monoMs: number;
  cancel: (() => void) | undefined;
}

/** Tells central how devices fare: the present state as a retained topic, lasting changes as events. */
export class DeviceReports {
  readonly #options: DeviceReportsOptions;
  readonly #latest = new Map<string, DeviceSnapshot>();
  readonly #told = new Map<string, Told>();

  constructor(options: DeviceReportsOptions) {
    this.#options = options;
  }

  changed(snapshot: DeviceSnapshot): void {
    const { gatewayId, topics } = this.#options;
    const { deviceId } = snapshot;
    this.#latest.set(deviceId, snapshot);
    const topic = buildTopic({ kind: 'device-status', gatewayId, deviceId });
    topics.changed(topic, () => JSON.stringify(deviceStatus(this.#latest.get(deviceId) ?? snapshot)));
    this.#tell(deviceId);
  }

  stop(): void {
    for (const { cancel } of this.#told.values()) cancel?.();
  }

  #tell(deviceId: string): void {
    const { clock, stamp, append } = this.#options;
    const snapshot = this.#latest.get(deviceId);
    const told = this.#told.get(deviceId);
    if (snapshot === undefined || !SETTLED.has(snapshot.state) || snapshot.state === told?.state) return;
    const waitMs = told === undefined ? 0 : told.monoMs + EVENT_SPACING_MS - clock.monoMs();
    if (told !== undefined && waitMs > 0) {
      told.cancel ??= clock.after(waitMs, () => {
        told.cancel = undefined;
        this.#tell(deviceId);
      });
      return;
    }
    told?.cancel?.();
    this.#told.set(deviceId, { state: snapshot.state, monoMs: clock.monoMs(), cancel: undefined });
    const code = snapshot.problem?.code;
    append(
      eventRow(stamp(), {
        type: 'device_changed',
        device_id: deviceId,
        state: snapshot.state,
        ...(code === undefined ? {} : { code }),
      }),
    );
  }
}

export function deviceStatus(snapshot: DeviceSnapshot): DeviceStatus {
  return {
    v: 1,
    device_id: snapshot.deviceId,
    driver: snapshot.driver,
    state: snapshot.state,
    since: new Date(snapshot.sinceMs).toISOString(),
    last_frame_at: isoOrNull(snapshot.lastFrameAtMs),
    problem: toldProblem(snapshot.problem),
    counters: snapshot.counters,
  };
}
