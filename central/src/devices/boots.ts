import type { Knex } from '../db/database.js';
import { raiseAlarm } from './alarms.js';

/** Earlier boots remembered per gateway. */
const EARLIER_BOOTS_MAX = 8;

/**
 * Follows the boots of a gateway. A machine that restarts has a new boot id every time; one that comes back
 * to an earlier one is two machines with one identity, such as a cloned disk (domain case 95). Both are
 * heard, since either may hold punches nobody else has, and neither is believed: what comes from now on is kept,
 * acknowledged, and waits in a review batch until a person says which machine is the right one.
 */
export async function noteBoot(trx: Knex, gatewayId: string, bootId: string, at: Date): Promise<void> {
  const gateway = await trx('gateway')
    .where({ id: gatewayId })
    .first<{ boot_id: string | null; earlier_boots: string[] }>('boot_id', 'earlier_boots');
  if (gateway === undefined || gateway.boot_id === bootId) return;
  const { boot_id: last, earlier_boots: earlier } = gateway;
  if (earlier.includes(bootId)) {
    await trx('gateway')
      .where({ id: gatewayId, suspended_at: null })
      .update({ suspended_at: at, suspended_reason: 'two machines with one identity' });
    await raiseAlarm(trx, {
      code: 'GATEWAY_CLONED',
      message: `Two machines call themselves ${gatewayId}: their starts alternate. Its punches wait for a person. Look for a copied disk and register one of them anew`,
      gatewayId,
      at,
    });
  }
  const boots = [...new Set([...(last === null ? [] : [last]), ...earlier])].slice(0, EARLIER_BOOTS_MAX);
  await trx('gateway').where({ id: gatewayId }).update({ boot_id: bootId, earlier_boots: boots });
}
