import type { EnrollmentProgress } from '@rollcall/protocol/enrollment';
import { RollcallError } from '@rollcall/protocol/errors';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import type { ChangeOutcome, TerminalFinger, TerminalPeople } from '../drivers/terminal-people.js';
import { silentLog } from '../log.js';
import { Enrollments, FINGER_WITHIN_MS } from './enrollments.js';
import type { TakenFinger } from './keep-template.js';
import { takeAtTerminal } from './take-at-terminal.js';

const ARGS = {
  enrollment_id: '00000000-0000-4000-8000-000000000001',
  device_id: 'zk-gate',
  student_ref: '24B81A0501',
  fingers: [2, 7],
};

const terminalOf = (over: Partial<TerminalPeople> = {}): TerminalPeople => ({
  identity: 'zk:SN1',
  manages: 'off',
  deletesStrangers: false,
  fingerFormat: 'zk-finger-10',
  userOf: (ref) => ref.slice(6),
  change: async (): Promise<ChangeOutcome> => ({ outcome: 'done' }),
  listUsers: async (): Promise<ChangeOutcome> => ({ outcome: 'done' }),
  takeFinger: async ({ user, fingerPosition }): Promise<TerminalFinger> => ({
    format: 'zk-finger-10',
    record: Buffer.from(`${user}/${fingerPosition}`),
  }),
  tell: () => undefined,
  ...over,
});

function enroll(terminal: TerminalPeople, keepError?: RollcallError) {
  const clock = new ManualClock();
  const reports: EnrollmentProgress[] = [];
  const kept: TakenFinger[] = [];
  const held: string[] = [];
  const enrollments = new Enrollments({
    clock,
    log: silentLog,
    scanner: () => {
      throw new RollcallError('COMMAND_INVALID', 'no scanner');
    },
    terminal: () => (run) =>
      takeAtTerminal({
        ...run,
        there: {
          terminal,
          taken: (user, position) => held.push(`taken ${user}/${position}`),
          kept: (user, position, id) => held.push(`kept ${user}/${position} ${id}`),
          end: () => held.push('end'),
        },
      }),
    reserve: () => Promise.reject(new Error('nothing to reserve')),
    templates: {
      hasEngineTemplates: () => false,
      openEngine: () => {
        throw new Error('a terminal compares itself');
      },
      keep: async (finger) => {
        if (keepError !== undefined) throw keepError;
        kept.push(finger);
        return `template-${finger.fingerPosition}`;
      },
    },
    report: (_id, _device, progress) => reports.push(progress),
    underway: { get: () => undefined, set: () => undefined },
    onForgotten: () => undefined,
  });
  enrollments.begin(ARGS);
  return { clock, enrollments, reports, kept, held };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe('an enrollment at a terminal', () => {
  it('takes each finger there, leaves it with central, and knows that the terminal has it', async () => {
    const { reports, kept, held } = enroll(terminalOf());
    await settle();
    expect(reports.map(({ step }) => step)).toEqual(['started', 'place', 'kept', 'place', 'kept']);
    expect(
      kept.map(({ studentRef, fingerPosition, format, quality }) => [
        studentRef,
        fingerPosition,
        format,
        quality,
      ]),
    ).toEqual([
      ['24B81A0501', 2, 'zk-finger-10', null],
      ['24B81A0501', 7, 'zk-finger-10', null],
    ]);
    expect(held).toEqual([
      'taken 0501/2',
      'kept 0501/2 template-2',
      'taken 0501/7',
      'kept 0501/7 template-7',
      'end',
    ]);
  });

  it('keeps nothing without consent (domain F3), and the terminal is not known to have it', async () => {
    const { reports, held } = enroll(terminalOf(), new RollcallError('CONSENT_MISSING', 'withdrawn'));
    await settle();
    expect(reports.at(-1)).toEqual({ step: 'failed', code: 'CONSENT_MISSING', finger_position: 2 });
    expect(held).toEqual(['taken 0501/2', 'end']);
  });

  it.each([
    [{ userOf: () => undefined }, 'COMMAND_INVALID'],
    [{ fingerFormat: undefined }, 'DEVICE_TIMEOUT'],
    [
      { change: async () => ({ outcome: 'refused' as const, reason: '-1001: it is full' }) },
      'DEVICE_REFUSED',
    ],
    [
      { takeFinger: () => Promise.reject(new RollcallError('DUPLICATE_BIOMETRIC', 'there')) },
      'DUPLICATE_BIOMETRIC',
    ],
  ])('ends with a reason where the terminal cannot: %#', async (over, code) => {
    const { reports, kept } = enroll(terminalOf(over));
    await settle();
    expect(reports.at(-1)).toMatchObject({ step: 'failed', code });
    expect(kept).toEqual([]);
  });

  it('ends when nobody comes, and when it is cancelled', async () => {
    const waits = terminalOf({
      takeFinger: (_finger, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const late = enroll(waits);
    await settle();
    late.clock.advance(2 * FINGER_WITHIN_MS);
    await settle();
    expect(late.reports.at(-1)).toMatchObject({ step: 'failed', code: 'ENROLLMENT_ABORTED' });
    const cancelled = enroll(waits);
    await settle();
    cancelled.enrollments.cancel(ARGS.enrollment_id);
    await settle();
    expect(cancelled.reports.at(-1)).toEqual({ step: 'cancelled' });
  });

  it('is over at once when it is cancelled or the gateway stops, although the terminal says nothing yet', async () => {
    const silent = terminalOf({ change: () => new Promise(() => undefined) });
    const cancelled = enroll(silent);
    await settle();
    cancelled.enrollments.cancel(ARGS.enrollment_id);
    await settle();
    expect(cancelled.reports.at(-1)).toEqual({ step: 'cancelled' });
    const stopped = enroll(silent);
    await settle();
    await stopped.enrollments.stop();
    expect(stopped.reports.at(-1)).toMatchObject({ step: 'failed', code: 'ENROLLMENT_ABORTED' });
  });
});
