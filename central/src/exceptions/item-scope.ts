import { type Permission, reachesOf } from '../auth/permissions.js';
import type { Principal } from '../auth/principal.js';
import type { RoleId } from '../auth/roles.js';
import { type Scope, visibleSessions } from '../auth/scope.js';

/** About people and cards, not about marks: what a role sees of the whole campus without seeing marks (case 157). */
const CARDS = ['CREDENTIAL_BLOCKED', 'IMPOSSIBLE_TRAVEL', 'AMBIGUOUS_MATCH'];
const CODES_OF_ROLE: Partial<Record<RoleId, readonly string[]>> = {
  lab_technician: CARDS,
  security_officer: [...CARDS, 'DEVICE_ALREADY_USED', 'DUPLICATE_BIOMETRIC'],
};
/** Whether it is about what one of the person's roles looks after: a device, a card, a finger, not a mark (domain A6). */
export const looksAfter = (
  principal: Principal,
  item: { code: string; session_id: string | null },
): boolean =>
  principal.grants.some(({ role }) => {
    const codes = CODES_OF_ROLE[role];
    return codes !== undefined && (item.session_id === null || codes.includes(item.code));
  });
/** Whose finger is whose is for the security officer alone (domain case 115). */
const SECURITY_ONLY = ['DUPLICATE_BIOMETRIC'];

/**
 * Items that the person reaches with this permission; `e` names `exception_item` in the query. What concerns a
 * gateway and no class is for those who reach the whole campus.
 */
export function visibleItems(principal: Principal, permission: Permission): Scope {
  const scopes = reachesOf(principal, permission).map((reached) => {
    const codes = CODES_OF_ROLE[reached.grant.role];
    if (codes !== undefined) return ofCodes(codes);
    const one = { ...principal, grants: [reached.grant] };
    return ofClasses(visibleSessions(one, permission));
  });
  if (scopes.length === 0) return { sql: 'false', bindings: [] };
  return {
    sql: scopes.map(({ sql }) => `(${sql})`).join(' OR '),
    bindings: scopes.flatMap(({ bindings }) => bindings),
  };
}

const listed = (codes: readonly string[]): string => codes.map(() => '?').join(', ');

const ofCodes = (codes: readonly string[]): Scope => ({
  sql: `e.session_id IS NULL AND e.gateway_id IS NOT NULL AND e.code NOT IN (${listed(SECURITY_ONLY)})
    OR e.code IN (${listed(codes)})`,
  bindings: [...SECURITY_ONLY, ...codes],
});

function ofClasses({ sql, bindings }: Scope): Scope {
  const isOpenTo = `e.code NOT IN (${listed(SECURITY_ONLY)})`;
  if (sql === 'true') return { sql: isOpenTo, bindings: [...SECURITY_ONLY] };
  return {
    sql: `${isOpenTo} AND EXISTS (SELECT FROM attendance_session s WHERE s.id = e.session_id AND (${sql}))`,
    bindings: [...SECURITY_ONLY, ...bindings],
  };
}
