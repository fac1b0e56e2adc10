import type { EnrollmentProgress } from '@rollcall/protocol/enrollment';
import type { Knex } from '../db/database.js';
import { raiseAlarm } from '../devices/alarms.js';
import { notifyLive } from '../marks/notify.js';
import { endEnrollments, FINGER_WITHIN_MS } from './enrollment-state.js';

export interface ProgressMessage {
  gatewayId: string;
  enrollmentId: string;
  progress: EnrollmentProgress;
  at: Date;
}

/** Of one finger: twice what a gateway lets a person try. All are shown with every event of the stream. */
export const FINGER_CAPTURES_MAX = 20;

interface Live {
  id: string;
  student_id: string;
  device_id: string;
  fingers: number[];
  ended_at: Date | null;
}

/**
 * What a gateway tells of an enrollment of its own. What comes after its end is history, and changes nothing: an
 * officer who has cancelled must not see it run again. Only the last template overtakes what was told before it, which
 * waits in the outbox: an enrollment that is done still gets its captures, and stays done.
 */
export async function applyProgress(trx: Knex, message: ProgressMessage): Promise<void> {
  const { gatewayId, enrollmentId, progress, at } = message;
  const live = await trx('enrollment')
    .where({ id: enrollmentId, gateway_id: gatewayId })
    .where((open) => open.whereNull('ended_at').orWhere({ state: 'done' }))
    .forUpdate()
    .first<Live | undefined>('id', 'student_id', 'device_id', 'fingers', 'ended_at');
  if (live === undefined || (live.ended_at !== null && !isOvertaken(progress))) return;
  // Whose finger it is otherwise is for the security officer alone (domain case 115).
  const { student_ref: other, ...told } = { student_ref: undefined, ...progress };
  await trx('enrollment')
    .where({ id: enrollmentId })
    .update({ progress: JSON.stringify(told) });
  switch (progress.step) {
    case 'started':
      await begin(trx, live, at);
      break;
    case 'captured':
    case 'rejected':
      await keepCapture(trx, live, progress, at);
      break;
    case 'failed':
      if (other !== undefined) await tellSecurity(trx, { ...message, live, other });
      await endEnrollments(trx, [enrollmentId], {
        state: 'failed',
        at,
        by: `gateway:${gatewayId}`,
        code: progress.code,
      });
      return;
    case 'cancelled':
      await endEnrollments(trx, [enrollmentId], { state: 'cancelled', at, by: `gateway:${gatewayId}` });
      return;
    case 'place':
    case 'kept':
      break;
  }
  await notifyLive(trx, { type: 'enrollment', ids: [enrollmentId] });
}

const isOvertaken = ({ step }: EnrollmentProgress): boolean =>
  step === 'place' || step === 'captured' || step === 'rejected' || step === 'kept';

async function begin(trx: Knex, { id, fingers }: Live, at: Date): Promise<void> {
  await trx('enrollment')
    .where({ id, state: 'requested' })
    // Too late is too late, even before the job has noted it.
    .where('expires_at', '>', at)
    .update({
      state: 'running',
      started_at: at,
      expires_at: new Date(at.getTime() + fingers.length * FINGER_WITHIN_MS),
    });
}

async function keepCapture(
  trx: Knex,
  { id, fingers }: Pick<Live, 'id' | 'fingers'>,
  capture: Extract<EnrollmentProgress, { step: 'captured' | 'rejected' }>,
  at: Date,
): Promise<void> {
  if (!fingers.includes(capture.finger_position)) return;
  await trx.raw(
    `INSERT INTO enrollment_capture (enrollment_id, number, at, finger_position, impression, quality, reasons)
     SELECT :id::uuid, coalesce(max(number), 0) + 1, :at::timestamptz, :finger::int, :impression::int, :quality::int, :reasons::text[]
     FROM enrollment_capture WHERE enrollment_id = :id::uuid
     HAVING count(*) FILTER (WHERE finger_position = :finger::int) < :max::int`,
    {
      id,
      at,
      max: FINGER_CAPTURES_MAX,
      finger: capture.finger_position,
      impression: capture.step === 'captured' ? capture.impression : null,
      quality: capture.quality,
      reasons: (capture.step === 'rejected' ? capture.reasons : []) as never,
    },
  );
}

async function tellSecurity(
  trx: Knex,
  { gatewayId, enrollmentId, live, other, progress, at }: ProgressMessage & { live: Live; other: string },
): Promise<void> {
  const student = await trx('student')
    .where({ id: live.student_id })
    .first<{ roll_number: string }>('roll_number');
  await raiseAlarm(trx, {
    code: 'DUPLICATE_BIOMETRIC',
    message:
      `A finger that was to be enrolled for ${student.roll_number} is enrolled for ${other} already. Find out whose it is; ` +
      'nothing was stored',
    gatewayId,
    studentId: live.student_id,
    detail: {
      enrollment: enrollmentId,
      device_id: live.device_id,
      student: student.roll_number,
      other_student: other,
      finger_position: 'finger_position' in progress ? (progress.finger_position ?? null) : null,
    },
    at,
  });
}
