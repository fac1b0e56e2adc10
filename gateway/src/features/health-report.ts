import type { GalleryHealth, Health } from '@rollcall/protocol/health';
import type { DeviceSnapshot } from '../devices/device-snapshot.js';
import type { DiskSpace } from '../store/disk.js';
import type { Outbox } from '../store/outbox.js';
import type { RowStamp } from '../store/outbox-row.js';
import type { Writer } from '../store/writer.js';
import type { Problems } from './problems.js';

/** Codes in one message, as its contract has it. */
const PROBLEMS_MAX = 32;

export interface HealthSources {
  stamp: RowStamp;
  software: string;
  uptimeS: number;
  store: { readonly storeId: string; readonly outbox: Pick<Outbox, 'createdAfter'> };
  writer: Pick<Writer, 'headSeq' | 'ackedSeq' | 'oldestWaitingAt'>;
  problems: Pick<Problems, 'level' | 'codes'>;
  disk: DiskSpace;
  hoursLeft: number | null;
  devices: readonly DeviceSnapshot[];
  /** Of the roster in force; 0 without one, undefined while something that it does not list is still held. */
  rosterVersion: number | undefined;
  /** Of the roster whose fingerprint templates are all here; undefined where some are missing or none are kept. */
  templatesVersion: number | undefined;
  /** Undefined on a gateway that compares no fingers itself. */
  gallery: GalleryHealth | undefined;
}

/**
 * The health message. `as_of` promises that everything seen before it is in the store, so it stops short of a
 * punch that still waits for its commit.
 */
export function healthReport(sources: HealthSources): Health {
  const { stamp, store, writer, problems, disk } = sources;
  const { oldestWaitingAt } = writer;
  const asOf =
    oldestWaitingAt !== undefined && oldestWaitingAt < stamp.occurred_at
      ? oldestWaitingAt
      : stamp.occurred_at;
  const deviceCodes = sources.devices.flatMap(({ problem }) => (problem === null ? [] : [problem.code]));
  return {
    v: 1,
    as_of: asOf,
    boot_id: stamp.boot_id,
    software: sources.software,
    uptime_s: Math.round(sources.uptimeS),
    clock_state: stamp.clock_state,
    store_id: store.storeId,
    head_seq: writer.headSeq,
    acked_seq: writer.ackedSeq,
    oldest_unacked_at: isoOrNull(store.outbox.createdAfter(writer.ackedSeq) ?? null),
    ...(sources.rosterVersion === undefined ? {} : { roster_version: sources.rosterVersion }),
    ...(sources.templatesVersion === undefined ? {} : { templates_version: sources.templatesVersion }),
    ...(sources.gallery === undefined ? {} : { gallery: sources.gallery }),
    level: problems.level === 'ok' && deviceCodes.length > 0 ? 'degraded' : problems.level,
    problems: [...new Set([...problems.codes, ...deviceCodes])].slice(0, PROBLEMS_MAX),
    disk: { free_bytes: disk.freeBytes, total_bytes: disk.totalBytes, hours_left: sources.hoursLeft },
    devices: sources.devices.map((device) => ({
      device_id: device.deviceId,
      state: device.state,
      problem: toldProblem(device.problem),
      complete_through: completeThrough(device, asOf),
      last_frame_at: isoOrNull(device.lastFrameAtMs),
    })),
  };
}

/** A terminal's log is never complete beyond what the gateway as a whole is sure of. */
function completeThrough({ completeThrough: through }: DeviceSnapshot, asOf: string): string | null {
  if (through === 'as_of' || through === null) return through === null ? null : asOf;
  return new Date(Math.min(through, Date.parse(asOf))).toISOString();
}

export function isoOrNull(wallMs: number | null): string | null {
  return wallMs === null ? null : new Date(wallMs).toISOString();
}

/** A problem within the lengths of its contract. */
export function toldProblem(problem: DeviceSnapshot['problem']): DeviceSnapshot['problem'] {
  return problem === null
    ? null
    : { code: problem.code.slice(0, 64), message: problem.message.slice(0, 500) };
}
