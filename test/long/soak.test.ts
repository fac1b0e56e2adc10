import { Random } from '@rollcall/firmware-sim/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import type { GatewayPlan } from '../support/gateway-process.js';
import { residentMib } from '../support/memory.js';
import type { Reader } from '../support/reader.js';
import { until } from '../support/until.js';

const SEED = 7;
const BUDGET_MS = 180_000;
/** The first part fills caches and lets the collector find its size; growth is looked for after it. */
const SETTLING_MS = 60_000;
const GATEWAYS = 3;
const READERS = 3;
/** Enough for a connection to come back in between, few enough for many faults in the time. */
const TAPS_BETWEEN_FAULTS = 5_000;
const TAPS_DURING_FAULT = 2_000;
const DRAIN_DEADLINE_MS = 240_000;
/** A leak of one object per tap would be far beyond; the collector's own mood stays below. */
const GROWTH_MIB_MAX = 96;

describe('a fleet at many times the speed of a day, with a bad network', () => {
  let campus: Campus;
  beforeAll(async () => {
    const gateways = Array.from({ length: GATEWAYS }, (_, gateway): GatewayPlan => {
      const readers = Array.from({ length: READERS }, (_, reader) => ({
        id: `line-${gateway + 1}-${reader + 1}`,
        driver: 'line' as const,
      }));
      return { id: `gw-${gateway + 1}`, readers };
    });
    campus = await Campus.start({ gateways });
  });
  afterAll(() => campus?.stop());

  let isOver = false;

  async function tapOn(reader: Reader): Promise<void> {
    while (!isOver) expect(await campus.tapNewCard(reader)).toBe('green');
  }

  const faults: Record<string, () => void | Promise<void>> = {
    cut: () => campus.wire.cut(),
    freeze: async () => {
      campus.wire.freeze();
      await tapsLater(TAPS_DURING_FAULT);
      campus.wire.thaw();
    },
    refuse: async () => {
      campus.wire.refuse();
      await tapsLater(TAPS_DURING_FAULT);
      campus.wire.refuse(false);
    },
    database: async () => {
      campus.databaseWire.cut();
    },
  };

  async function tapsLater(taps: number): Promise<void> {
    const enough = campus.greens + taps;
    await until('people go on tapping', () => campus.greens >= enough);
  }

  it('keeps every promise and does not grow', async () => {
    const random = new Random(SEED);
    const pids = [...campus.gateways.map((gateway) => gateway.process.pid), campus.central.process.pid];
    const readers = campus.gateways.flatMap((gateway) => [...gateway.readers.values()]);
    const startMs = performance.now();
    const tapping = Promise.all(readers.map(tapOn));
    let settledMib: number[] | undefined;
    while (performance.now() < startMs + BUDGET_MS) {
      await Promise.race([tapping, tapsLater(TAPS_BETWEEN_FAULTS)]);
      await faults[random.pick(Object.keys(faults))]?.();
      if (settledMib === undefined && performance.now() > startMs + SETTLING_MS)
        settledMib = pids.map(residentMib);
    }
    isOver = true;
    await tapping;
    await campus.drained(DRAIN_DEADLINE_MS);
    await expectGreensArePunches(campus);
    const growthMib = pids.map((pid, index) => residentMib(pid) - (settledMib?.[index] ?? 0));
    expect(Math.max(...growthMib), `growth of ${growthMib.map(Math.round)} MiB`).toBeLessThan(GROWTH_MIB_MAX);
  });
});
