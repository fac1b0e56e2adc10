import type { Knex } from '../db/database.js';

interface Acknowledgement {
  gatewayId: string;
  /** Of the roster in force there. */
  version: number;
  at: Date;
}

/**
 * A gateway says which roster is in force there: fingerprint templates that are to be removed and that this roster
 * does not list are gone from it (domain case 97). A version that central no longer keeps proves nothing: a newer one
 * will.
 */
export async function acknowledgeRoster(
  trx: Knex,
  { gatewayId, version, at }: Acknowledgement,
): Promise<void> {
  await trx.raw(
    `WITH said AS (
       UPDATE gateway SET roster_version = ? WHERE id = ? AND roster_version <> ?
     )
     UPDATE template_deployment t SET state = 'removed', changed_at = ?
     FROM gateway_roster r
     WHERE r.gateway_id = ? AND r.version = ? AND t.gateway_id = r.gateway_id AND t.state = 'removing'
       AND t.template_id <> ALL(r.template_ids)`,
    [version, gatewayId, version, at, gatewayId, version],
  );
}

/** A gateway says of which roster it has every template: these are deployed there. */
export async function acknowledgeTemplates(
  trx: Knex,
  { gatewayId, version, at }: Acknowledgement,
): Promise<void> {
  await trx.raw(
    `UPDATE template_deployment t SET state = 'acked', changed_at = ?
     FROM gateway_roster r
     WHERE r.gateway_id = ? AND r.version = ? AND t.gateway_id = r.gateway_id AND t.state = 'pushed'
       AND t.template_id = ANY(r.template_ids)`,
    [at, gatewayId, version],
  );
}
