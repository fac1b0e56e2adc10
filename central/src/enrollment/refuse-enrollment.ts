import type { CommandResponse } from '@rollcall/protocol/command';
import type { Knex } from '../db/database.js';
import { endEnrollments } from './enrollment-state.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export interface Refusal {
  gatewayId: string;
  /** Of the command, which is that of the enrollment. */
  id: string;
  error: NonNullable<CommandResponse['error']>;
  at: Date;
}

/** A gateway did not begin: no such device, another enrollment under way, no template key. */
export async function refuseEnrollment(knex: Knex, { gatewayId, id, error, at }: Refusal): Promise<void> {
  if (!UUID.test(id)) return;
  await knex.transaction(async (trx) => {
    const own = await trx('enrollment').where({ id, gateway_id: gatewayId }).pluck<string[]>('id');
    await endEnrollments(trx, own, {
      state: 'failed',
      at,
      by: `gateway:${gatewayId}`,
      code: error.code,
      message: error.message,
    });
  });
}
