import { clockAnchorSchema } from '@rollcall/protocol/clock-anchor';
import { parseCanonical } from '@rollcall/protocol/credential';
import { gatewayEventSchema } from '@rollcall/protocol/gateway-event';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { type ClockState, punchSchema } from '@rollcall/protocol/punch';
import { describe, expect, it } from 'vitest';
import type { KeepRequest, TerminalLog } from '../drivers/terminal-log.js';
import { silentLog } from '../log.js';
import { BOOT_ID, storeFixture } from '../store/store.fixture.js';
import { CardLookup } from './card-lookup.js';
import { createKeepLogs } from './keep-logs.js';
import { credential, hmacHex, rosterDocument } from './roster.fixture.js';
import { RosterStore } from './roster-store.js';

const NOW_MS = Date.UTC(2026, 6, 15, 4, 0);
const MINUTE_MS = 60_000;
const TIMELINES = ['00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000a2'];

async function fixture() {
  // The gateway has been up for an hour.
  const clock = new ManualClock(NOW_MS, 60 * MINUTE_MS);
  let clockState: ClockState = 'synced';
  const stamp = () => ({
    boot_id: BOOT_ID,
    mono_ms: clock.monoMs(),
    occurred_at: new Date(clock.wallMs()).toISOString(),
    clock_state: clockState,
  });
  const f = storeFixture({ clock, stamp, writer: { schedule: setImmediate } });
  await new RosterStore(f.store).replace(rosterDocument(1, { s1: [credential('number32:00644BB6')] }));
  const ids = [...TIMELINES];
  const link = createKeepLogs({
    hmacHex,
    lookup: new CardLookup(f.store.db),
    newPunchId: f.store.newPunchId,
    stamp,
    deviceState: f.store.deviceState,
    keepLogs: (batch) => f.writer.keepLogs(batch),
    log: silentLog,
    newTimelineId: () => ids.shift() ?? '',
  }).of('zk-gate');
  const rows = () =>
    f.store.outbox.read(1, 100).map(({ seq, kind, body }) => ({ kind, row: { seq, ...JSON.parse(body) } }));
  return {
    ...f,
    link,
    rows,
    setState: (state: ClockState) => {
      clockState = state;
    },
    /** The terminal's clock is ahead by so much. */
    reading: (aheadMs: number) => ({ terminalMs: clock.wallMs() + aheadMs, monoMs: clock.monoMs() }),
    punches: () => rows().flatMap(({ kind, row }) => (kind === 'punch' ? [punchSchema.parse(row)] : [])),
    anchors: () =>
      rows().flatMap(({ kind, row }) => (kind === 'anchor' ? [clockAnchorSchema.parse(row)] : [])),
  };
}

let entries = 0;
function entry(deviceTimeMs: number, changes: Partial<TerminalLog> = {}): TerminalLog {
  entries += 1;
  return {
    identity: `entry ${entries}`,
    user: '1001',
    deviceTimeMs,
    kind: 'finger',
    verifyMethod: 'fp',
    ...changes,
  };
}

const at = (ms: number): string => new Date(ms).toISOString();

describe('when something in the log of a terminal happened', () => {
  it('is as long ago as its clock says, however wrong that is, and the clock travels along', async () => {
    const f = await fixture();
    const aheadMs = -30 * MINUTE_MS;
    await f.link.keep({
      logs: [entry(NOW_MS + aheadMs - 10 * MINUTE_MS), entry(NOW_MS + aheadMs - 3 * 24 * 60 * MINUTE_MS)],
      clock: f.reading(aheadMs),
    });
    const [near, far] = f.punches();
    expect(near).toMatchObject({
      occurred_at: at(NOW_MS - 10 * MINUTE_MS),
      device_time: at(NOW_MS - 40 * MINUTE_MS),
      clock_state: 'synced',
      boot_id: BOOT_ID,
      mono_ms: 50 * MINUTE_MS,
    });
    // Before this boot: its monotonic time says nothing, the believed wall time does.
    expect(far).toMatchObject({ occurred_at: at(NOW_MS - 3 * 24 * 60 * MINUTE_MS), mono_ms: 0 });
  });

  it('goes by what was known of its clock before a restart', async () => {
    const f = await fixture();
    await f.link.keep({ logs: [entry(NOW_MS)], clock: { offsetMs: 5 * MINUTE_MS } });
    expect(f.punches()[0]?.occurred_at).toBe(at(NOW_MS - 5 * MINUTE_MS));
  });

  it('case 88: is told in monotonic time while our own clock is not known', async () => {
    const f = await fixture();
    f.setState('unsynced');
    await f.link.keep({ logs: [entry(NOW_MS - 10 * MINUTE_MS)], clock: f.reading(0) });
    expect(f.punches()[0]).toMatchObject({
      boot_id: BOOT_ID,
      mono_ms: 50 * MINUTE_MS,
      clock_state: 'unsynced',
    });
  });

  it('case 88: waits on the own time of the terminal where no clock is known, until one anchor places all of it', async () => {
    const f = await fixture();
    const aheadMs = 20 * MINUTE_MS;
    const request: KeepRequest = {
      logs: [entry(NOW_MS + aheadMs - 5 * MINUTE_MS), entry(NOW_MS + aheadMs - 90 * MINUTE_MS)],
      clock: undefined,
    };
    await f.link.keep(request);
    const waiting = f.punches();
    expect(waiting.map(({ boot_id, clock_state }) => [boot_id, clock_state])).toEqual([
      [TIMELINES[0], 'unsynced'],
      [TIMELINES[0], 'unsynced'],
    ]);
    expect(f.anchors()).toEqual([]);
    f.clock.advance(MINUTE_MS);
    await f.link.keep({ clock: f.reading(aheadMs) });
    const [anchor] = f.anchors();
    expect(anchor).toMatchObject({ boot_id: TIMELINES[0], clock_state: 'synced', source: 'sync' });
    const placed = waiting.map(
      ({ mono_ms }) => Date.parse(anchor?.occurred_at ?? '') + mono_ms - (anchor?.mono_ms ?? 0),
    );
    expect(placed).toEqual([NOW_MS - 5 * MINUTE_MS, NOW_MS - 90 * MINUTE_MS]);
    await f.link.keep({ clock: f.reading(aheadMs) });
    expect(f.anchors()).toHaveLength(1);
  });

  it('is for a person to say where the clock was set in between: no anchor ever claims to know', async () => {
    const f = await fixture();
    const lost = [entry(NOW_MS + 3 * 60 * MINUTE_MS), entry(Date.UTC(2000, 0, 1, 3))];
    await f.link.keep({ logs: lost, clock: f.reading(0) });
    await f.link.keep({ clock: f.reading(0) });
    expect(f.punches().map(({ boot_id }) => boot_id)).toEqual(TIMELINES);
    expect(f.punches().every(({ clock_state }) => clock_state === 'unsynced')).toBe(true);
    expect(f.anchors()).toEqual([]);
  });
});

describe('whose entry in the log of a terminal it is', () => {
  it('is the roll number where the user ids are that', async () => {
    const f = await fixture();
    await f.link.keep({ logs: [entry(NOW_MS, { studentRef: '21A91A0501' })], clock: f.reading(0) });
    expect(f.punches()[0]?.student).toEqual({ student_ref: '21A91A0501' });
  });

  it('is nobody whose roll number it could be by chance', async () => {
    const f = await fixture();
    await f.link.keep({ logs: [entry(NOW_MS)], clock: f.reading(0) });
    expect(f.punches()[0]?.student).toEqual({ student_ref: 'terminal:1001' });
  });

  it('is whoever has the card on file, told by its keyed hash, over a restart', async () => {
    const f = await fixture();
    await f.link.keep({ cards: [{ user: '1001', read: parseCanonical('number32:00644BB6') }] });
    const logs = [
      entry(NOW_MS, { isLinkedByCard: true }),
      entry(NOW_MS, { isLinkedByCard: true, user: '1002', kind: 'card' }),
    ];
    await f.link.keep({ logs, clock: f.reading(0) });
    const [known, unknown] = f.punches();
    expect(known).toMatchObject({ student: { student_ref: 's1' }, credential: { technology: 'number32' } });
    expect(unknown).toMatchObject({ student: { student_ref: 'terminal:1002' } });
    const stored = JSON.stringify(f.store.db.prepare('SELECT * FROM device_memory').all());
    expect(stored).not.toMatch(/00644BB6|6572982/i);
  });
});

describe('keeping the log of a terminal', () => {
  it('fails with the reason when the disk does not take it', async () => {
    const f = await fixture();
    const link = createKeepLogs({
      hmacHex,
      lookup: { find: () => ({ outcome: 'unknown' }) },
      newPunchId: f.store.newPunchId,
      stamp: f.stamp,
      deviceState: f.store.deviceState,
      keepLogs: async () => ({ kept: false, code: 'STORE_FULL' }),
      log: silentLog,
    }).of('zk-gate');
    await expect(link.keep({ logs: [entry(NOW_MS)] })).rejects.toMatchObject({ code: 'STORE_FULL' });
  });

  it('tells central of gaps, clocks and lines in the form of the contract', async () => {
    const f = await fixture();
    await f.link.keep({
      news: [
        { type: 'log_gap', fromMs: NOW_MS, throughMs: undefined, reason: 'cleared' },
        { type: 'device_clock_wrong', offsetMs: -1_800_000.4 },
      ],
      rejected: [{ line: 'broken', reason: 'no time' }],
    });
    const details = f.rows().map(({ row }) => gatewayEventSchema.parse(row).detail.type);
    expect(details).toEqual(['log_gap', 'device_clock_wrong', 'log_lines_rejected']);
  });
});
