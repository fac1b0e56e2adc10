import { CRASH_POINTS, type CrashPoint } from '@rollcall/gateway/features/crash-point';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ageAckedRows } from '../support/aged-store.js';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';

/** Passes of a point before it kills: by then people are tapping, and not only the start is being written. */
const PASSES = 4;
const TAPS_MAX = 2_000;

describe('a gateway killed with SIGKILL', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start();
  });
  afterAll(() => campus?.stop());

  async function tapUntilItDies(): Promise<string[]> {
    const reader = campus.reader();
    const { exited } = campus.gateway.process;
    const dark: string[] = [];
    for (let taps = 0; campus.gateway.isRunning; taps++) {
      if (taps > TAPS_MAX) throw new Error('the crash point was never reached');
      const uid = campus.cards.next('line');
      if ((await reader.tap(uid, exited)) === 'dark') dark.push(uid);
    }
    expect((await exited).signal).toBe('SIGKILL');
    return dark;
  }

  /** Starts it to die at the point, lets people tap, starts it again; whoever saw no light taps again. */
  async function crashAt(point: CrashPoint): Promise<string[]> {
    await campus.gateway.stop();
    if (point === 'during-prune') ageAckedRows(campus.gateway.dataDir);
    campus.gateway.launch({ ROLLCALL_CRASH_AT: `${point}:${point === 'during-prune' ? 1 : PASSES}` });
    await campus.gateway.readersOpen();
    const dark = await tapUntilItDies();
    await campus.gateway.start();
    for (const uid of dark) expect(await campus.reader().tap(uid)).toBe('green');
    return dark;
  }

  it.each(CRASH_POINTS)('at "%s" loses no green light and doubles none', async (point) => {
    const dark = await crashAt(point);
    expect(dark.length).toBeLessThanOrEqual(1);
    await expectGreensArePunches(campus);
    const punched = await campus.punchedCards();
    const kept = dark.filter((uid) => punched.filter((card) => card.endsWith(` ${uid}`)).length === 2);
    // Before the commit nothing can have been kept; right after it the row is there although no light was.
    if (point === 'before-commit') expect(kept).toEqual([]);
    if (point === 'after-commit') expect(kept).toEqual(dark);
  });
});
