import { deviceStatusSchema } from '@rollcall/protocol/device-status';
import { gatewayEventSchema } from '@rollcall/protocol/gateway-event';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { stampOf } from '../store/store.fixture.js';
import { DeviceReports } from './device-reports.js';
import { deviceSnapshot } from './device-snapshot.fixture.js';

function fixture() {
  const clock = new ManualClock();
  const topics = new Map<string, () => string>();
  const events: string[] = [];
  const reports = new DeviceReports({
    gatewayId: 'gw-a',
    clock,
    topics: { changed: (topic, build) => void topics.set(topic, build) },
    stamp: stampOf(clock),
    append: ({ body }) => {
      const { detail } = gatewayEventSchema.parse({ seq: 1, ...body });
      if (detail.type === 'device_changed')
        events.push(`${detail.device_id} ${detail.state} ${detail.code ?? ''}`.trim());
    },
  });
  return { clock, topics, events, reports };
}

describe('DeviceReports', () => {
  it('keeps the present state of a device under its topic', () => {
    const f = fixture();
    f.reports.changed(deviceSnapshot({ state: 'opening' }));
    f.reports.changed(deviceSnapshot({ state: 'ready' }));
    const status = f.topics.get('rollcall/v1/gw-a/up/device/reader-1/status')?.() ?? '';
    expect(deviceStatusSchema.parse(JSON.parse(status)).state).toBe('ready');
  });

  it('puts lasting changes into the outbox, and nothing on the way to them', () => {
    const f = fixture();
    for (const state of ['opening', 'probing', 'ready', 'ready'] as const)
      f.reports.changed(deviceSnapshot({ state }));
    f.clock.advance(120_000);
    f.reports.changed(deviceSnapshot({ state: 'absent', problem: { code: 'PORT_LOST', message: 'gone' } }));
    expect(f.events).toEqual(['reader-1 ready', 'reader-1 absent PORT_LOST']);
  });

  it('tells a flapping device once a minute, the last state at the end', () => {
    const f = fixture();
    for (let n = 0; n < 101; n += 1) {
      f.reports.changed(deviceSnapshot({ state: n % 2 === 0 ? 'ready' : 'absent' }));
      f.clock.advance(100);
    }
    f.reports.changed(deviceSnapshot({ state: 'absent' }));
    expect(f.events).toEqual(['reader-1 ready']);
    f.clock.advance(60_000);
    expect(f.events).toEqual(['reader-1 ready', 'reader-1 absent']);
    expect(f.clock.pendingTimers).toBe(0);
  });
});
