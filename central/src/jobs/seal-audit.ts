import { sealAudit } from '../audit/seal-audit.js';
import { campusZone } from '../calendar/generate.js';
import { auditKeysOf } from './audit-keys-of.js';
import type { Job } from './job.js';

export const sealAuditJob: Job = {
  name: 'seal-audit',
  title: 'Seals the audit log: what is changed in it later is found',
  everyMinutes: 1,
  async run(context) {
    const { knex } = context.db;
    const zone = await campusZone(knex);
    if (zone === undefined) return undefined;
    const rows = await sealAudit(knex, { keys: auditKeysOf(context), clock: context.clock, zone });
    return rows === 0 ? undefined : `${rows} audit rows sealed`;
  },
};
