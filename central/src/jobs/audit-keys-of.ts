import { RollcallError } from '@rollcall/protocol/errors';
import type { AuditKeys } from '../audit/audit-keys.js';
import type { JobContext } from './job.js';

/** @throws RollcallError `INTERNAL` where the jobs were started without keys */
export function auditKeysOf({ auditKeys }: JobContext): AuditKeys {
  if (auditKeys !== undefined) return auditKeys;
  throw new RollcallError('INTERNAL', 'the jobs were started without the keys of the audit log');
}
