const HOUR_MS = 3_600_000;
/** Samples are kept this far apart, so that the list spans a day. */
const SPACING_MS = 10 * 60_000;
const SAMPLES_MAX = 145;

interface Sample {
  monoMs: number;
  freeBytes: number;
}

/** Estimates how long the disk lasts at the rate of the last day. */
export class HoursLeft {
  readonly #samples: Sample[] = [];

  /** Takes a reading and returns hours until nothing is free; null while the disk is not filling. */
  observe(monoMs: number, freeBytes: number): number | null {
    const last = this.#samples.at(-1);
    if (last === undefined || monoMs - last.monoMs >= SPACING_MS) {
      this.#samples.push({ monoMs, freeBytes });
      if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
    }
    const first = this.#samples[0];
    // The first minutes of a process say nothing about a day: logs and the ballast are being written.
    if (first === undefined || monoMs - first.monoMs < SPACING_MS) return null;
    const bytesPerHour = ((first.freeBytes - freeBytes) * HOUR_MS) / (monoMs - first.monoMs);
    return bytesPerHour <= 0 ? null : Math.round((freeBytes / bytesPerHour) * 10) / 10;
  }
}
