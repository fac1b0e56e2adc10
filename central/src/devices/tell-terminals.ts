import type { Knex } from '../db/database.js';
import { raiseAlarm } from './alarms.js';

/**
 * A terminal may have taken fingers of a student whom it was told to know, and its own are not among our templates: each
 * that was not told to forget the user is put before a person, who sends it that (domain F3). It is not sent from here,
 * since a terminal that is switched off loses it.
 */
export async function tellTerminals(trx: Knex, studentId: string, at: Date): Promise<void> {
  const { rows } = await trx.raw<{
    rows: { gateway_id: string; device_id: string; terminal_user: string; roll_number: string }[];
  }>(
    `SELECT DISTINCT c.gateway_id, c.device_id, c.terminal_user, st.roll_number
     FROM terminal_command c JOIN student st ON st.id = c.student_id
     WHERE c.student_id = ?::uuid AND c.action = 'put' AND c.state <> 'failed' AND NOT EXISTS (
       SELECT FROM terminal_command gone
       WHERE (gone.gateway_id, gone.device_id, gone.terminal_user) = (c.gateway_id, c.device_id, c.terminal_user)
         AND gone.action = 'remove' AND gone.state = 'done' AND gone.requested_at > c.requested_at)
     ORDER BY c.gateway_id, c.device_id, c.terminal_user`,
    [studentId],
  );
  for (const { gateway_id: gatewayId, device_id, terminal_user: user, roll_number: rollNumber } of rows) {
    await raiseAlarm(trx, {
      code: 'TERMINAL_KEEPS_FINGERS',
      message: `The fingers of ${rollNumber} are to be deleted, and ${device_id} may keep its own of user ${user}. Send it forget_biometrics, and see that it answers`,
      gatewayId,
      studentId,
      detail: { device_id, user },
      at,
    });
  }
}
