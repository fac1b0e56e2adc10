import { hasCode } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { SESSION_STATUSES } from '../rules/facts.js';
import { isAllowed, nextStatus, type SessionAction, TRANSITIONS } from './state.js';

const actions = Object.keys(TRANSITIONS) as SessionAction[];
const all = actions.flatMap((action) => SESSION_STATUSES.map((from) => ({ action, from })));

describe('the state machine of class sessions', () => {
  it('goes scheduled, open, closed, finalized, locked', () => {
    let status = nextStatus('open', 'scheduled');
    for (const action of ['close', 'finalize', 'lock'] as const) status = nextStatus(action, status);
    expect(status).toBe('locked');
  });

  it.each([
    ['close', 'scheduled', 'closed'],
    ['open', 'cancelled', 'open'],
    ['open', 'locked', 'open'],
    ['reopen', 'locked', 'open'],
    ['open', 'open', 'open'],
  ] as const)('case 22: %s of a %s session is refused, naming both states', (action, from, to) => {
    expect(() => nextStatus(action, from)).toThrow(new RegExp(`${from}.*${to}`));
  });

  it.each(all)('$action of a $from session is either in the table or INVALID_TRANSITION', ({
    action,
    from,
  }) => {
    let outcome: unknown;
    try {
      outcome = nextStatus(action, from);
    } catch (error) {
      outcome = hasCode(error, 'INVALID_TRANSITION') ? 'refused' : error;
    }
    expect(outcome).toBe(isAllowed(action, from) ? TRANSITIONS[action].to : 'refused');
  });
});
