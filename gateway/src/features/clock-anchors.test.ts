import { clockAnchorSchema } from '@rollcall/protocol/clock-anchor';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { createUuidV7Generator } from '@rollcall/protocol/uuid-v7';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { BOOT_ID } from '../store/store.fixture.js';
import { ClockAnchors, readBootId } from './clock-anchors.js';
import { type NtpSources, trustNtp, trustSystem } from './clock-sync.js';

const HOUR_MS = 3_600_000;

interface World {
  evidence: string | undefined;
}

function fixture(clock = new ManualClock(), world: World = { evidence: 'e1' }) {
  const rows: Array<{ source: string; state: string; at: string }> = [];
  const anchors = new ClockAnchors({
    clock,
    bootId: BOOT_ID,
    probe: () => Promise.resolve(world.evidence),
    log: silentLog,
    write: ({ body }) => {
      const anchor = clockAnchorSchema.parse({ seq: 1, ...body });
      rows.push({ source: anchor.source, state: anchor.clock_state, at: anchor.occurred_at });
    },
  });
  return { clock, rows, world, anchors, kinds: () => rows.map(({ source, state }) => `${source} ${state}`) };
}

describe('ClockAnchors', () => {
  it('begins with a trusted anchor where the clock is synchronized, and ends with one', async () => {
    const f = fixture();
    await f.anchors.start();
    f.anchors.stop();
    expect(f.kinds()).toEqual(['start synced', 'stop synced']);
    expect(f.clock.pendingTimers).toBe(0);
  });

  it('started in 1970 marks rows unsynced, then anchors the jump and the sync', async () => {
    const f = fixture(new ManualClock(0, 5_000), { evidence: undefined });
    await f.anchors.start();
    expect(f.anchors.stamp()).toMatchObject({
      clock_state: 'unsynced',
      occurred_at: '1970-01-01T00:00:00.000Z',
    });
    f.clock.stepWall(Date.UTC(2026, 6, 7));
    f.world.evidence = 'timesyncd:1';
    await f.anchors.check();
    expect(f.kinds()).toEqual(['start unsynced', 'step stepped', 'sync synced']);
    expect(f.rows.at(-1)?.at).toMatch(/^2026-07-07/);
  });

  it('believes nobody who vouches for a clock that a power cut reset to 2000', async () => {
    const f = fixture(new ManualClock(Date.UTC(2000, 0, 1), 5_000), { evidence: 'system:1' });
    await f.anchors.start();
    expect(f.kinds()).toEqual(['start unsynced']);
    f.clock.stepWall(Date.UTC(2026, 6, 7) - Date.UTC(2000, 0, 1));
    f.world.evidence = 'system:2';
    await f.anchors.check();
    expect(f.kinds()).toEqual(['start unsynced', 'step stepped', 'sync synced']);
  });

  it.each([
    ['an hour ahead', HOUR_MS],
    ['an hour back', -HOUR_MS],
    ['just beyond half a second', 501],
  ])('distrusts the clock after a step of %s until there is new evidence', async (_what, stepMs) => {
    const f = fixture();
    await f.anchors.start();
    f.clock.stepWall(stepMs);
    expect(f.anchors.stamp().clock_state).toBe('stepped');
    await f.anchors.check();
    f.clock.advance(60_000);
    await f.anchors.check();
    expect(f.anchors.state).toBe('stepped');
    f.world.evidence = 'e2';
    f.clock.advance(60_000);
    await f.anchors.check();
    expect(f.kinds()).toEqual(['start synced', 'step stepped', 'sync synced']);
  });

  it('takes half a second, and any slow drift, for no step', async () => {
    const f = fixture();
    await f.anchors.start();
    for (let n = 0; n < 20; n += 1) {
      f.clock.stepWall(500);
      f.clock.advance(1_000);
      await f.anchors.check();
    }
    expect(f.anchors.state).toBe('synced');
  });

  it('notices a step with the very punch that comes after it', async () => {
    const f = fixture();
    await f.anchors.start();
    f.clock.stepWall(HOUR_MS);
    expect(f.anchors.stampAt(f.clock.monoMs(), f.clock.wallMs()).clock_state).toBe('stepped');
    expect(f.kinds()).toEqual(['start synced', 'step stepped']);
  });

  it('writes an anchor every hour, driven by its own timer', async () => {
    const f = fixture();
    await f.anchors.start();
    for (let second = 0; second < 2 * 3_600 + 5; second += 1) {
      f.clock.advance(1_000);
      for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
    }
    expect(f.kinds()).toEqual(['start synced', 'hourly synced', 'hourly synced']);
    f.anchors.stop();
  });

  it('keeps punch ids growing whatever the clock does', () => {
    const clock = new ManualClock(0);
    const next = createUuidV7Generator({
      wallMs: () => clock.wallMs(),
      randomUuid: () => '07070707-0707-4707-8707-070707070707',
    });
    const ids: string[] = [];
    for (const stepMs of [0, HOUR_MS, -HOUR_MS, Date.UTC(2026, 6, 7), -HOUR_MS, HOUR_MS]) {
      clock.stepWall(stepMs);
      ids.push(next(), next());
    }
    expect(ids).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('reads the boot id of this machine', () => {
    expect(readBootId()).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('evidence of synchronization', () => {
  const clock = new ManualClock();
  const sources = (markMs: number | undefined, isSynced: boolean): NtpSources => ({
    timesyncMarkMs: () => Promise.resolve(markMs),
    isKernelSynced: () => Promise.resolve(isSynced),
  });

  it.each([
    ['the mark of systemd-timesyncd', sources(17, false), 'timesyncd:17'],
    ['the flag of the kernel', sources(undefined, true), 'kernel:1000'],
    ['nothing', sources(undefined, false), undefined],
  ])('from %s', async (_what, given, evidence) => {
    expect(await trustNtp(clock, given)()).toBe(evidence);
  });

  it('is new at every look where the system is trusted', async () => {
    const probe = trustSystem(clock);
    const first = await probe();
    clock.advance(1);
    expect(await probe()).not.toBe(first);
  });
});
