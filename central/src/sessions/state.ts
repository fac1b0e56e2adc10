import { RollcallError } from '@rollcall/protocol/errors';
import type { SessionStatus } from '../rules/facts.js';

/**
 * Every change of a class session's status (domain A2). `finalized` = the watermark passed the end; `locked` =
 * the correction window is over.
 */
export const TRANSITIONS = {
  open: { from: ['scheduled'], to: 'open' },
  close: { from: ['open'], to: 'closed' },
  reopen: { from: ['closed', 'finalized'], to: 'open' },
  finalize: { from: ['closed'], to: 'finalized' },
  lock: { from: ['finalized'], to: 'locked' },
  unlock: { from: ['locked'], to: 'closed' },
  cancel: { from: ['scheduled', 'open', 'closed', 'finalized'], to: 'cancelled' },
  restore: { from: ['cancelled'], to: 'scheduled' },
  not_held: { from: ['scheduled', 'open', 'closed', 'finalized'], to: 'not_held' },
} as const satisfies Record<string, { from: readonly SessionStatus[]; to: SessionStatus }>;

export type SessionAction = keyof typeof TRANSITIONS;

export function isAllowed(action: SessionAction, from: SessionStatus): boolean {
  return (TRANSITIONS[action].from as readonly SessionStatus[]).includes(from);
}

/** @throws RollcallError `INVALID_TRANSITION` naming both states (domain case 22) */
export function nextStatus(action: SessionAction, from: SessionStatus): SessionStatus {
  const { to, from: allowed } = TRANSITIONS[action];
  if (isAllowed(action, from)) return to;
  throw new RollcallError(
    'INVALID_TRANSITION',
    `A class session that is ${from} cannot become ${to} by "${action}"; it would have to be ${allowed.join(' or ')}`,
    { context: { from, to, action } },
  );
}
