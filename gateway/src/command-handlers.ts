import type { Fleet } from './devices/fleet.js';
import type { Enrollments } from './enrollment/enrollments.js';
import type { TemporaryLogLevel } from './features/log-level.js';
import { replayFrom } from './features/replay.js';
import type { RootLog } from './log.js';
import type { Keeper } from './store/keeper.js';
import type { RowDraft, RowStamp } from './store/outbox-row.js';
import type { AppendOutcome } from './store/writer.js';
import type { CommandHandlers } from './uplink/commands.js';

export interface CommandParts {
  keeper: Keeper;
  level: TemporaryLogLevel;
  log: RootLog;
  stamp(): RowStamp;
  append(row: RowDraft): Promise<AppendOutcome>;
  /** Those that are made after the uplink; no command comes before. */
  fleet(): Fleet;
  enrollments(): Enrollments;
  resend(fromSeq: number): void;
}

/** What central can ask of a gateway, and who does it. */
export function commandHandlers(parts: CommandParts): CommandHandlers {
  const { keeper, level, log, stamp, append, fleet, enrollments, resend } = parts;
  return {
    ping: () => ({ at: stamp().occurred_at }),
    replay: ({ from_seq }) =>
      replayFrom(from_seq, {
        outbox: keeper.store.outbox,
        position: keeper.writer,
        pump: { replay: resend },
        append,
        stamp,
        log,
      }),
    log_level: ({ level: wanted, minutes }) => level.set(wanted, minutes),
    terminal_user: ({ device_id, ...change }) => fleet().changeUser(device_id, change),
    enroll: (args) => enrollments().begin(args),
    enroll_cancel: ({ enrollment_id }) => enrollments().cancel(enrollment_id),
  };
}
