import { createHash, randomUUID } from 'node:crypto';
import { hashRead } from '@rollcall/protocol/credential';
import { type ReadHash, readHashSchema } from '@rollcall/protocol/credential-hash';
import { RollcallError } from '@rollcall/protocol/errors';
import type {
  KeepRequest,
  Kept,
  TerminalClock,
  TerminalLink,
  TerminalLog,
  TerminalNews,
} from '../drivers/terminal-log.js';
import type { Log } from '../log.js';
import type { DeviceState } from '../store/device-state.js';
import type { LogBatch } from '../store/log-batch.js';
import { eventRow, type RowDraft, type RowStamp } from '../store/outbox-row.js';
import type { KeepOutcome } from '../store/writer.js';
import type { CardLookup } from './card-lookup.js';
import type { HmacHex } from './keyed-hash.js';
import { placeLog } from './place-log.js';
import {
  formatTimeline,
  parseTimeline,
  stampOn,
  type TerminalTimeline,
  timelineFor,
} from './terminal-timeline.js';

/** Entries in one transaction, so that no tap waits long behind one. A driver hands over no more at once. */
export const KEEP_LOGS_MAX = 250;
const DIGEST_BYTES = 16;
/** Two timelines of a terminal, remembered under these names. */
const TIMELINES = { waiting: 'timeline-waiting', lost: 'timeline-lost' } as const;

export interface KeepLogsOptions {
  hmacHex: HmacHex;
  lookup: Pick<CardLookup, 'find'>;
  newPunchId: () => string;
  stamp: () => RowStamp;
  deviceState: Pick<DeviceState, 'recall'>;
  keepLogs: (batch: LogBatch) => Promise<KeepOutcome>;
  log: Log;
  newTimelineId?: () => string;
}

/** From the log of a terminal to rows on disk. */
export interface KeepLogs {
  of(deviceId: string): TerminalLink;
}

export function createKeepLogs(options: KeepLogsOptions): KeepLogs {
  const { deviceState, stamp, keepLogs, log } = options;
  const keep = async (deviceId: string, request: KeepRequest): Promise<Kept> => {
    const batch = new BatchBuilder(options, deviceId, request.clock).build(request);
    const outcome = await keepLogs(batch);
    if (!outcome.kept) {
      throw new RollcallError(
        outcome.code,
        `The log of ${deviceId} could not be kept; the terminal keeps it`,
      );
    }
    if (outcome.fresh > 0) log.debug({ deviceId, ...outcome }, 'entries of a terminal are kept');
    return { fresh: outcome.fresh, repeated: outcome.repeated };
  };
  return {
    of: (deviceId) => ({
      keep: (request) => keep(deviceId, request),
      recall: (name) => deviceState.recall(deviceId, name),
      clockState: () => stamp().clock_state,
    }),
  };
}

/** One request as rows, with what the timelines of the terminal become by it. */
class BatchBuilder {
  readonly #options: KeepLogsOptions;
  readonly #deviceId: string;
  readonly #now: RowStamp;
  readonly #clock: TerminalClock | undefined;
  readonly #timelines: Record<keyof typeof TIMELINES, TerminalTimeline | undefined>;
  readonly #memory: Record<string, string> = {};

  constructor(options: KeepLogsOptions, deviceId: string, clock: TerminalClock | undefined) {
    this.#options = options;
    this.#deviceId = deviceId;
    this.#now = options.stamp();
    this.#clock = clock;
    const known = (name: string) => parseTimeline(options.deviceState.recall(deviceId, name));
    this.#timelines = { waiting: known(TIMELINES.waiting), lost: known(TIMELINES.lost) };
  }

  build({ logs = [], rejected = [], news = [], cards = [], memory = {} }: KeepRequest): LogBatch {
    const anchor = this.#anchor();
    for (const { user, read } of cards) {
      this.#memory[cardName(user)] = JSON.stringify(hashRead(read, this.#options.hmacHex));
    }
    return {
      deviceId: this.#deviceId,
      rows: [...(anchor === undefined ? [] : [anchor]), ...news.map((one) => this.#news(one))],
      logs: logs.map((entry) => ({ digest: digestOf(entry.identity), row: this.#punch(entry) })),
      rejected: rejected.map((one) => ({ ...one, digest: digestOf(`rejected ${one.line}`) })),
      describeRejected: (lines, reason) =>
        eventRow(this.#now, { type: 'log_lines_rejected', device_id: this.#deviceId, lines, reason }),
      memory: { ...memory, ...this.#memory },
    };
  }

  /** Once both clocks are known, everything that waits on the terminal's timeline is placed by one anchor. */
  #anchor(): RowDraft | undefined {
    const { waiting } = this.#timelines;
    const clock = this.#clock;
    if (waiting === undefined || clock === undefined || this.#now.clock_state !== 'synced') return undefined;
    const terminalNowMs =
      'monoMs' in clock
        ? clock.terminalMs + (this.#now.mono_ms - clock.monoMs)
        : Date.parse(this.#now.occurred_at) + clock.offsetMs;
    this.#timelines.waiting = undefined;
    this.#memory[TIMELINES.waiting] = '';
    return {
      kind: 'anchor',
      body: {
        ...this.#now,
        boot_id: waiting.id,
        mono_ms: Math.max(0, Math.round(terminalNowMs - waiting.baseMs)),
        source: 'sync',
      },
    };
  }

  #punch(entry: TerminalLog): RowDraft {
    const { newPunchId } = this.#options;
    const stamp = this.#place(entry.deviceTimeMs);
    const credential = entry.isLinkedByCard === true ? this.#cardOf(entry.user) : undefined;
    const studentRef = entry.studentRef ?? this.#holderOf(credential, stamp) ?? unlinked(entry, credential);
    return {
      kind: 'punch',
      madeAtMs: Date.parse(this.#now.occurred_at),
      body: {
        ...stamp,
        punch_id: newPunchId(),
        device_id: this.#deviceId,
        kind: entry.kind,
        verify_method: entry.verifyMethod,
        ...(credential === undefined ? {} : { credential }),
        ...(studentRef === undefined ? {} : { student: { student_ref: studentRef } }),
        ...(entry.directionHint === undefined ? {} : { direction_hint: entry.directionHint }),
        device_time: new Date(Math.max(0, entry.deviceTimeMs)).toISOString(),
        ...(entry.index === undefined ? {} : { device_index: entry.index }),
      },
    };
  }

  #place(deviceTimeMs: number): RowStamp {
    const placed = placeLog(deviceTimeMs, { clock: this.#clock, now: this.#now });
    if (placed.at === 'row') return placed.stamp;
    const { newTimelineId = randomUUID } = this.#options;
    const timeline = timelineFor(deviceTimeMs, this.#timelines[placed.at], newTimelineId);
    this.#timelines[placed.at] = timeline;
    this.#memory[TIMELINES[placed.at]] = formatTimeline(timeline);
    return stampOn(timeline, deviceTimeMs);
  }

  #cardOf(user: string): ReadHash | undefined {
    const name = cardName(user);
    const text = this.#memory[name] ?? this.#options.deviceState.recall(this.#deviceId, name);
    return text === undefined ? undefined : readHashSchema.parse(JSON.parse(text));
  }

  #holderOf(credential: ReadHash | undefined, stamp: RowStamp): string | undefined {
    if (credential === undefined) return undefined;
    const atMs = stamp.clock_state === 'synced' ? Date.parse(stamp.occurred_at) : undefined;
    try {
      const match = this.#options.lookup.find(credential, atMs);
      return match.outcome === 'recognized' ? match.studentRef : undefined;
    } catch (error) {
      // Recognition only enriches; central recognizes again.
      this.#options.log.error({ err: error }, 'the roster could not be read');
      return undefined;
    }
  }

  #news(news: TerminalNews): RowDraft {
    const device_id = this.#deviceId;
    if (news.type === 'device_clock_wrong') {
      return eventRow(this.#now, { type: news.type, device_id, offset_ms: Math.round(news.offsetMs) });
    }
    const { fromMs, throughMs, reason } = news;
    return eventRow(this.#now, {
      type: 'log_gap',
      device_id,
      from: isoOrNull(fromMs),
      through: isoOrNull(throughMs),
      reason,
    });
  }
}

const cardName = (user: string): string => `card ${user}`;

/** Nobody knows yet who that is: said in a form that no roll number has, so that it never names somebody else. */
function unlinked({ user }: TerminalLog, credential: ReadHash | undefined): string | undefined {
  return credential === undefined ? `terminal:${user}` : undefined;
}

function digestOf(text: string): Uint8Array {
  return createHash('sha256').update(text, 'utf8').digest().subarray(0, DIGEST_BYTES);
}

function isoOrNull(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(Math.max(0, atMs)).toISOString();
}
