import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';
import type { Knex } from '../db/database.js';
import { raiseAlarm } from '../devices/alarms.js';

type RefusedFinger = Extract<GatewayEventDetail, { type: 'terminal_finger_refused' }>;

/**
 * Somebody took a finger at a terminal's own keypad, and no enrollment waited for it: the gateway has not kept it (ADR 45).
 * The terminal still has it, whoever's it is; a person sees to that.
 */
export async function tellRefusedFinger(
  trx: Knex,
  { gatewayId, refused, at }: { gatewayId: string; refused: RefusedFinger; at: Date },
): Promise<void> {
  const { device_id: deviceId, user, student_ref: rollNumber, deletes } = refused;
  const student =
    rollNumber === null
      ? undefined
      : await trx('student').where({ roll_number: rollNumber }).first<{ id: string } | undefined>('id');
  const afterwards = deletes
    ? 'The gateway has it deleted there'
    : `${deviceId} still has it: delete it there, or send it forget_biometrics for the user`;
  await raiseAlarm(trx, {
    code: 'TERMINAL_FINGER_REFUSED',
    message: `A finger was taken at the keypad of ${deviceId} for user ${user}, ${await why(trx, student?.id)}. It was not kept. ${afterwards}`,
    gatewayId,
    studentId: student?.id,
    detail: refused,
    at,
  });
}

async function why(trx: Knex, studentId: string | undefined): Promise<string> {
  if (studentId === undefined) return 'who is no student';
  const consent = await trx('consent')
    .where({ student_id: studentId, purpose: 'fingerprint' })
    .whereNull('revoked_at')
    .first('id');
  return consent === undefined
    ? 'who has not consented to fingerprints'
    : 'and no enrollment was going on: begin one in central at this terminal, and take it again';
}
