import { type Load, type LoadResult, runLoad } from './http-load.js';
import { percentile } from './measured.js';

/** Requests in flight at once: as many as keep two cores busy. More only wait in line, and their latency is the length of the line. */
const CONNECTIONS = 64;

/** What several slices of one load add up to; every answer has to be a success. */
export class LoadTotal {
  readonly #what: string;
  readonly #latenciesMs: number[] = [];
  /** Of each run, what came after the last answer. */
  readonly #restsMs: number[] = [];
  #tookMs = 0;

  constructor(what: string) {
    this.#what = what;
  }

  /**
   * @param connections fewer where as many at once would not happen
   * @param rest of what was asked for, after the last answer: its time counts, too
   */
  async run(
    port: number,
    requests: Load['requests'],
    { connections = CONNECTIONS, rest }: { connections?: number; rest?: () => Promise<void> } = {},
  ): Promise<LoadResult> {
    const result = await runLoad({ port, connections, requests });
    if (result.firstRefusal !== undefined) throw new Error(`${this.#what}: ${result.firstRefusal}`);
    const answeredMs = performance.now();
    await rest?.();
    const restMs = performance.now() - answeredMs;
    this.#restsMs.push(restMs);
    this.#tookMs += result.tookMs + restMs;
    for (const latencyMs of result.latenciesMs) this.#latenciesMs.push(latencyMs);
    return result;
  }

  get requests(): number {
    return this.#latenciesMs.length;
  }

  get perSecond(): number {
    return (this.requests * 1000) / this.#tookMs;
  }

  /** The longest wait for the rest of a run. */
  get restMs(): number {
    return Math.max(...this.#restsMs);
  }

  percentileMs(percent: number): number {
    return percentile(this.#latenciesMs, percent);
  }
}
