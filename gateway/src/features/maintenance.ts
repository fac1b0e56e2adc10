import type { Clock } from '@rollcall/protocol/clock';
import type { ClockState } from '@rollcall/protocol/punch';
import type { Log } from '../log.js';
import { pruneAcked, pruneAll, pruneExpired } from '../store/retention.js';
import type { Space } from '../store/space.js';
import type { Store } from '../store/store.js';
import type { Writer } from '../store/writer.js';
import type { CaptureFiles } from './capture-files.js';
import type { Problems } from './problems.js';

/** Below the 30 s after which the watchdog doubts the disk (edge §4.7). */
const SELF_WRITE_MS = 15_000;
const SPACE_CHECK_MS = 60_000;
const PRUNE_MS = 600_000;

export interface MaintenanceOptions {
  clock: Clock;
  log: Log;
  store: Store;
  writer: Pick<Writer, 'selfWrite' | 'lastWriteMonoMs'>;
  space: Pick<Space, 'level' | 'restoreReserve'>;
  problems: Pick<Problems, 'set'>;
  captures: Pick<CaptureFiles, 'remove'>;
  retentionDays: number;
  clockState: () => ClockState;
}

/** What the store needs from time to time, off the path of a tap. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  readonly #cancels = new Map<string, () => void>();
  #isStopped = false;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#every('self write', SELF_WRITE_MS, () => Promise.resolve(this.selfWrite()));
    this.#every('space', SPACE_CHECK_MS, () => this.checkSpace());
    this.#every('retention', PRUNE_MS, () => this.prune());
    // Making the ballast takes seconds on an SD card: beside the readers, not before them.
    this.#run('space', () => this.checkSpace());
    this.#run('retention', () => this.prune());
  }

  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#cancels.values()) cancel();
  }

  selfWrite(): void {
    const { clock, writer } = this.#options;
    if (clock.monoMs() - writer.lastWriteMonoMs >= SELF_WRITE_MS) writer.selfWrite();
  }

  async checkSpace(): Promise<void> {
    const { space, problems, captures } = this.#options;
    const level = space.level();
    problems.set('DISK_LOW', 'degraded', level !== 'ok');
    if (level === 'short') {
      await this.#prune(() => pruneAcked(this.#options.store));
      captures.remove();
    }
    if (!this.#isStopped) await space.restoreReserve();
  }

  async prune(): Promise<void> {
    const { clock, store, retentionDays, clockState } = this.#options;
    if (clockState() !== 'synced') return;
    await this.#prune(() => pruneExpired(store, retentionDays, clock.wallMs()));
  }

  async #prune(chunk: () => number): Promise<void> {
    const deleted = await pruneAll(() => (this.#isStopped ? 0 : chunk()));
    if (deleted > 0) this.#options.log.info({ deleted }, 'old acked rows were deleted');
  }

  #every(name: string, intervalMs: number, work: () => Promise<void>): void {
    const cancel = this.#options.clock.after(intervalMs, () => {
      this.#run(name, work);
      if (!this.#isStopped) this.#every(name, intervalMs, work);
    });
    this.#cancels.set(name, cancel);
  }

  #run(name: string, work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#options.log.error({ err: error, name }, 'maintenance failed'));
  }
}
