import { healthSchema } from '@rollcall/protocol/health';
import { describe, expect, it } from 'vitest';
import { stampOf, storeFixture } from '../store/store.fixture.js';
import { deviceSnapshot } from './device-snapshot.fixture.js';
import { type HealthSources, healthReport } from './health-report.js';
import { Problems } from './problems.js';

function sources(over: Partial<HealthSources> = {}): HealthSources & { add(): void } {
  const f = storeFixture();
  return {
    stamp: stampOf(f.clock)(),
    software: '0.1.0',
    uptimeS: 12.3,
    store: f.store,
    writer: f.writer,
    problems: new Problems(() => undefined),
    disk: { freeBytes: 10, totalBytes: 20 },
    hoursLeft: null,
    rosterVersion: 7,
    templatesVersion: 6,
    gallery: { state: 'ready', templates: 3, fingers: 2 },
    devices: [deviceSnapshot({ state: 'ready' })],
    add: () => void f.writer.append(f.punch()),
    ...over,
  };
}

describe('healthReport', () => {
  it('fits its contract and says how far the devices are complete', () => {
    const given = sources();
    const health = healthSchema.parse(healthReport(given));
    expect(health).toMatchObject({ head_seq: 0, acked_seq: 0, oldest_unacked_at: null, level: 'ok' });
    const gallery = { state: 'ready', templates: 3, fingers: 2 };
    expect(health).toMatchObject({ roster_version: 7, templates_version: 6, gallery });
    expect(healthReport({ ...given, gallery: undefined })).not.toHaveProperty('gallery');
    expect(health.devices).toMatchObject([
      { complete_through: given.stamp.occurred_at, last_frame_at: null },
    ]);
  });

  it('does not claim to be complete beyond a punch that still waits for its commit', () => {
    const given = sources();
    const tappedAt = given.stamp.occurred_at;
    given.add();
    const later = { ...given.stamp, occurred_at: '2027-01-01T00:00:00.000Z' };
    expect(healthReport({ ...given, stamp: later }).as_of).toBe(tappedAt);
  });

  it('says how far the log of a terminal is drained, never beyond what is sure, and nothing before that is known', () => {
    const given = sources();
    const asOfMs = Date.parse(given.stamp.occurred_at);
    const throughs = [asOfMs - 60_000, asOfMs + 60_000, null] as const;
    const devices = throughs.map((completeThrough) => deviceSnapshot({ completeThrough }));
    const told = healthSchema.parse(healthReport({ ...given, devices })).devices;
    expect(told.map((device) => device.complete_through)).toEqual([
      new Date(asOfMs - 60_000).toISOString(),
      given.stamp.occurred_at,
      null,
    ]);
  });

  it('case 97: acknowledges the roster in force', () => {
    expect(healthReport(sources()).roster_version).toBe(7);
  });

  it('shows the trouble of a device at the top as well', () => {
    const problem = { code: 'PORT_ABSENT', message: 'nothing there' };
    const given = sources({ devices: [deviceSnapshot({ state: 'absent', problem })] });
    const told = healthSchema.parse(healthReport(given));
    expect(told).toMatchObject({ level: 'degraded', problems: ['PORT_ABSENT'] });
    expect(told.devices).toMatchObject([{ state: 'absent', problem }]);
  });
});

describe('Problems', () => {
  it('are listed worst first and reported only when they change', () => {
    let changes = 0;
    const problems = new Problems(() => {
      changes += 1;
    });
    problems.set('LINK_DOWN', 'degraded');
    problems.set('STORE_FULL', 'critical');
    problems.set('STORE_FULL', 'critical');
    expect([problems.level, ...problems.codes]).toEqual(['critical', 'STORE_FULL', 'LINK_DOWN']);
    problems.set('STORE_FULL', 'critical', false);
    problems.follow(['LINK_DOWN', 'LINK_AUTH'], 'degraded')(undefined);
    expect([problems.level, ...problems.codes]).toEqual(['ok']);
    expect(changes).toBe(4);
  });
});
