import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { deviceSnapshot } from './device-snapshot.fixture.js';
import { createNotify, watchdogIntervalMs } from './sd-notify.js';
import { Watchdog } from './watchdog.js';

function fixture() {
  const clock = new ManualClock();
  const fed: string[] = [];
  const world = {
    lastWriteMonoMs: clock.monoMs(),
    pumpTickMonoMs: clock.monoMs(),
    devices: [deviceSnapshot()],
  };
  const watchdog = new Watchdog({
    clock,
    log: silentLog,
    notify: (...assignments) => void fed.push(...assignments),
    intervalMs: 10_000,
    lastWriteMonoMs: () => world.lastWriteMonoMs,
    pumpTickMonoMs: () => world.pumpTickMonoMs,
    devices: () => world.devices,
  });
  const live = (): void => {
    world.lastWriteMonoMs = clock.monoMs();
    world.pumpTickMonoMs = clock.monoMs();
  };
  return { clock, fed, world, watchdog, live };
}

describe('Watchdog', () => {
  it('is fed while everything lives', () => {
    const f = fixture();
    f.watchdog.start();
    for (let n = 0; n < 3; n += 1) {
      f.live();
      f.clock.advance(10_000);
    }
    expect(f.fed).toHaveLength(4);
    f.watchdog.stop();
    expect(f.clock.pendingTimers).toBe(0);
  });

  it.each([
    ['lastWriteMonoMs', /disk/],
    ['pumpTickMonoMs', /pump/],
  ] as const)('starves when %s stands still', (part, finding) => {
    const f = fixture();
    f.live();
    f.clock.advance(30_001);
    f.live();
    f.world[part] -= 30_001;
    expect(f.watchdog.findings().join()).toMatch(finding);
  });

  it('starves when a device is stuck on its way, not when it is merely absent', () => {
    const f = fixture();
    f.world.devices = [
      deviceSnapshot({ state: 'opening' }),
      deviceSnapshot({ deviceId: 'r2', state: 'absent' }),
    ];
    f.watchdog.findings();
    f.clock.advance(60_001);
    f.live();
    expect(f.watchdog.findings()).toEqual(['device reader-1 is stuck in opening']);
  });

  it('starves when the event loop was blocked', () => {
    const f = fixture();
    const timers: Array<() => void> = [];
    f.clock.after = (_delayMs, callback) => {
      timers.push(callback);
      return () => undefined;
    };
    f.watchdog.start();
    f.clock.advance(1_501);
    timers[0]?.();
    expect(f.watchdog.findings().join()).toMatch(/event loop was late by 1001 ms/);
  });
});

describe('createNotify', () => {
  it('starts nothing where there is no service manager', () => {
    const calls: string[] = [];
    createNotify({ env: {}, log: silentLog, execute: () => void calls.push('called') })('READY=1');
    expect(calls).toEqual([]);
  });

  it('passes assignments on, and a helper that fails hurts nobody and is named once', () => {
    const warnings: unknown[] = [];
    const log = { ...silentLog, warn: (...args: unknown[]) => void warnings.push(args) };
    const sent: string[] = [];
    const notify = createNotify({
      env: { NOTIFY_SOCKET: '/run/x' },
      log,
      execute: (args, done) => {
        sent.push(...args);
        done(new Error('not found'));
      },
    });
    notify('READY=1');
    notify('WATCHDOG=1');
    expect(sent).toEqual(['READY=1', 'WATCHDOG=1']);
    expect(warnings).toHaveLength(1);
  });

  it('feeds twice within the time that systemd allows', () => {
    expect(watchdogIntervalMs({ WATCHDOG_USEC: '30000000' })).toBe(7_500);
    expect(watchdogIntervalMs({})).toBeUndefined();
    expect(watchdogIntervalMs({ WATCHDOG_USEC: 'x' })).toBeUndefined();
  });
});
