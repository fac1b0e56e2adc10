import type { Clock } from '@rollcall/protocol/clock';
import type { DeviceState } from '@rollcall/protocol/device-status';
import type { DeviceSnapshot } from '../devices/device-snapshot.js';
import type { Log } from '../log.js';
import type { Notify } from './sd-notify.js';

/** Limits of the checklist (edge §4.7). */
const LOOP_LAG_MAX_MS = 1_000;
const DISK_SILENCE_MAX_MS = 30_000;
const PUMP_SILENCE_MAX_MS = 30_000;
const TRANSITION_MAX_MS = 60_000;
const TRANSITIONS: ReadonlySet<DeviceState> = new Set(['opening', 'probing', 'closing']);
const LAG_SAMPLE_MS = 500;

export interface WatchdogOptions {
  clock: Clock;
  log: Log;
  notify: Notify;
  /** Undefined where nobody watches. */
  intervalMs: number | undefined;
  lastWriteMonoMs: () => number;
  pumpTickMonoMs: () => number;
  devices: () => readonly DeviceSnapshot[];
}

/** Feeds systemd's watchdog from a checklist: a timer of its own would be fed by a program that hangs. */
export class Watchdog {
  readonly #options: WatchdogOptions;
  readonly #transitions = new Map<string, { state: DeviceState; sinceMonoMs: number }>();
  #worstLagMs = 0;
  #cancelFeed: (() => void) | undefined;
  #cancelLag: (() => void) | undefined;

  constructor(options: WatchdogOptions) {
    this.#options = options;
  }

  start(): void {
    const { intervalMs } = this.#options;
    if (intervalMs === undefined) return;
    this.#sampleLag();
    this.#feed(intervalMs);
  }

  stop(): void {
    this.#cancelFeed?.();
    this.#cancelLag?.();
  }

  /** What is wrong, in words; empty when the program lives. */
  findings(): string[] {
    const { clock, lastWriteMonoMs, pumpTickMonoMs } = this.#options;
    const nowMs = clock.monoMs();
    const findings: string[] = [];
    if (this.#worstLagMs > LOOP_LAG_MAX_MS)
      findings.push(`the event loop was late by ${this.#worstLagMs} ms`);
    if (nowMs - lastWriteMonoMs() > DISK_SILENCE_MAX_MS) findings.push('the disk has not answered');
    if (nowMs - pumpTickMonoMs() > PUMP_SILENCE_MAX_MS) findings.push('the pump has not moved');
    return [...findings, ...this.#stuckDevices(nowMs)];
  }

  #stuckDevices(nowMs: number): string[] {
    const stuck: string[] = [];
    for (const { deviceId, state } of this.#options.devices()) {
      const known = this.#transitions.get(deviceId);
      if (known?.state !== state) this.#transitions.set(deviceId, { state, sinceMonoMs: nowMs });
      else if (TRANSITIONS.has(state) && nowMs - known.sinceMonoMs > TRANSITION_MAX_MS) {
        stuck.push(`device ${deviceId} is stuck in ${state}`);
      }
    }
    return stuck;
  }

  #feed(intervalMs: number): void {
    const { clock, log, notify } = this.#options;
    const findings = this.findings();
    this.#worstLagMs = 0;
    if (findings.length === 0) notify('WATCHDOG=1');
    else log.error({ findings }, 'the watchdog is not fed');
    this.#cancelFeed = clock.after(intervalMs, () => this.#feed(intervalMs));
  }

  #sampleLag(): void {
    const { clock } = this.#options;
    const dueMs = clock.monoMs() + LAG_SAMPLE_MS;
    this.#cancelLag = clock.after(LAG_SAMPLE_MS, () => {
      this.#worstLagMs = Math.max(this.#worstLagMs, Math.round(clock.monoMs() - dueMs));
      this.#sampleLag();
    });
  }
}
