import type { Batch } from './batch.js';
import type { ClockAnchor } from './clock-anchor.js';
import { DEVICE_COUNTERS, type DeviceStatus } from './device-status.js';
import type { Health } from './health.js';
import type { Punch } from './punch.js';
import type { RosterDocument } from './roster.js';

/** Valid messages that the contract tests break one at a time. */
export const STORE_ID = '3b241101-e2bb-4255-8caf-4136c566a962';
export const BOOT_ID = '9f1c6a52-1d1a-4b0e-9d53-6c9b6a1f5a10';
export const HASH = 'a1'.repeat(32);
const AT = '2026-07-07T04:36:12.345Z';

export const position = {
  seq: 7,
  boot_id: BOOT_ID,
  mono_ms: 86_400_000,
  occurred_at: AT,
  clock_state: 'synced',
} as const;

export const punch: Punch = {
  ...position,
  punch_id: '019c2f6e-7a10-7000-8a2b-3c4d5e6f7081',
  device_id: 'rdm-r101',
  kind: 'card',
  credential: {
    technology: 'em4100',
    hashes: [
      { projection: 'full', hash: HASH },
      { projection: 'u32', hash: 'b2'.repeat(32) },
      { projection: 'w26', hash: 'c3'.repeat(32) },
    ],
  },
  student: { student_ref: '24B81A0501' },
  direction_hint: 'in',
};

export const anchor: ClockAnchor = { ...position, source: 'sync' };

export const batch: Batch = { v: 1, gateway_id: 'gw-block-a', store_id: STORE_ID, rows: [punch] };

export const status = {
  v: 1,
  state: 'online',
  boot_id: BOOT_ID,
  session: 12,
  software: '0.1.0',
  at: AT,
} as const;

export const health: Health = {
  v: 1,
  as_of: AT,
  boot_id: BOOT_ID,
  software: '0.1.0',
  uptime_s: 3_600,
  clock_state: 'synced',
  store_id: STORE_ID,
  head_seq: 7,
  acked_seq: 5,
  oldest_unacked_at: AT,
  roster_version: 3,
  level: 'degraded',
  problems: ['PORT_ABSENT'],
  disk: { free_bytes: 1e9, total_bytes: 3.2e10, hours_left: null },
  devices: [
    {
      device_id: 'rdm-r101',
      state: 'absent',
      problem: { code: 'PORT_ABSENT', message: 'Plug the reader in' },
      complete_through: AT,
      last_frame_at: null,
    },
  ],
};

export const deviceStatus: DeviceStatus = {
  v: 1,
  device_id: 'rdm-r101',
  driver: 'rdm6300',
  state: 'absent',
  since: AT,
  last_frame_at: null,
  problem: { code: 'PORT_ABSENT', message: 'Plug the reader in' },
  counters: Object.fromEntries(DEVICE_COUNTERS.map((name) => [name, 0])) as DeviceStatus['counters'],
};

export const roster: RosterDocument = {
  v: 1,
  version: 3,
  gateway_id: 'gw-block-a',
  students: [
    {
      student_ref: '24B81A0501',
      credentials: [
        {
          technology: 'em4100',
          hashes: [{ projection: 'full', hash: HASH }],
          state: 'issued',
          valid_from: AT,
          valid_to: null,
        },
      ],
    },
  ],
};
