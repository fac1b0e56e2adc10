import type { Clock } from '@rollcall/protocol/clock';
import type { Knex } from '../db/database.js';
import { prepared } from '../db/prepared.js';
import type { Principal } from './principal.js';
import type { RoleGrant, RoleId } from './roles.js';
import type { Claims } from './tokens.js';

/** Told by whoever changes an account, its roles or its sign-ins; the payload is the account's id. */
export const ACCOUNT_CHANNEL = 'rollcall_account';
/** Sign-ins kept in memory; the oldest goes first. */
const KNOWN_MAX = 20_000;
/** A notification that was lost is made good after this long. */
const KNOWN_FOR_MS = 5_000;
/** Sign-ins looked up by one statement. */
const LOOKUP_MAX = 500;

/** A sign-in with one role; one without roles has a row without any. */
interface SignInRow {
  sid: string;
  id: string;
  login: string;
  display_name: string;
  is_usable: boolean;
  token_generation: number;
  student_id: string | null;
  faculty_code: string | null;
  guardian_id: string | null;
  must_change_password: boolean;
  role: RoleId | null;
  department_id: string | null;
  section_id: string | null;
  from_seconds: number;
  to_seconds: number;
}

interface Known {
  principal: Omit<Principal, 'grants' | 'asOfMs'>;
  generation: number;
  isUsable: boolean;
  grants: { grant: RoleGrant; fromMs: number; toMs: number }[];
  loadedMonoMs: number;
}

export interface Accounts {
  /** Undefined: the account or its sign-in is gone, disabled, or newer than the token. */
  principalOf(claims: Claims): Promise<Principal | undefined>;
  /** Who is behind a sign-in now, whatever token it began with. */
  current(loginSessionId: string): Promise<Principal | undefined>;
  forget(accountId: string): void;
}

/**
 * Who is behind a token, as of now. Requests that arrive together are looked up together; validity of roles is
 * compared at every request, so that a role that ended at noon is gone at noon (domain case 160).
 */
export function createAccounts(knex: Knex, clock: Pick<Clock, 'wallMs' | 'monoMs'>): Accounts {
  const known = new Map<string, Known | null>();
  let waiting = new Map<string, ((found: Known | null) => void)[]>();
  let refusals: ((error: unknown) => void)[] = [];
  /** Raised by every change of an account. */
  let changes = 0;

  async function flush(): Promise<void> {
    const asked = waiting;
    const refuse = refusals;
    waiting = new Map();
    refusals = [];
    try {
      const ids = [...asked.keys()];
      for (let start = 0; start < ids.length; start += LOOKUP_MAX) {
        const part = ids.slice(start, start + LOOKUP_MAX);
        const before = changes;
        const found = await load(knex, part, clock.monoMs());
        for (const id of part) {
          const one = found.get(id) ?? null;
          // What was read while somebody changed an account may say what it was before.
          if (before === changes) remember(id, one);
          for (const resolve of asked.get(id) ?? []) resolve(one);
        }
      }
    } catch (error) {
      for (const reject of refuse) reject(error);
    }
  }

  function remember(id: string, one: Known | null): void {
    if (known.size >= KNOWN_MAX) {
      const oldest = known.keys().next().value;
      if (oldest !== undefined) known.delete(oldest);
    }
    // Who is not there is asked for again: a sign-in may be a moment younger than this look-up.
    if (one !== null) known.set(id, one);
  }

  function find(id: string): Promise<Known | null> {
    const one = known.get(id);
    if (one != null && clock.monoMs() - one.loadedMonoMs < KNOWN_FOR_MS) return Promise.resolve(one);
    known.delete(id);
    return new Promise((resolve, reject) => {
      if (waiting.size === 0) setImmediate(() => void flush());
      waiting.set(id, [...(waiting.get(id) ?? []), resolve]);
      refusals.push(reject);
    });
  }

  function principalNow(one: Known): Principal {
    const nowMs = clock.wallMs();
    const grants = one.grants.filter(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
    return { ...one.principal, grants: grants.map(({ grant }) => grant), asOfMs: nowMs };
  }

  return {
    async principalOf({ accountId, loginSessionId, generation }) {
      const one = await find(loginSessionId);
      if (one === null || !one.isUsable) return undefined;
      if (one.principal.accountId !== accountId || one.generation !== generation) return undefined;
      return principalNow(one);
    },
    async current(loginSessionId) {
      const one = await find(loginSessionId);
      return one?.isUsable === true ? principalNow(one) : undefined;
    },
    forget(accountId) {
      changes += 1;
      for (const [id, one] of known) if (one?.principal.accountId === accountId) known.delete(id);
    },
  };
}

/** Roles come as rows: making JSON of one takes PostgreSQL several times what finding it takes. */
async function load(knex: Knex, ids: readonly string[], loadedMonoMs: number): Promise<Map<string, Known>> {
  const { rows } = await prepared<{ rows: SignInRow[] }>(
    knex,
    `SELECT l.id AS sid, a.id, a.login, a.display_name, a.is_active AND l.revoked_at IS NULL AS is_usable,
       a.token_generation, a.student_id, a.faculty_code, a.guardian_id, a.must_change_password,
       r.role, r.department_id, r.section_id, r.from_seconds, r.to_seconds
     FROM login_session l JOIN account a ON a.id = l.account_id
       LEFT JOIN LATERAL (
         SELECT role, department_id, section_id, date_part('epoch', valid_from) AS from_seconds,
           date_part('epoch', valid_to) AS to_seconds
         FROM account_role WHERE account_id = a.id OFFSET 0
       ) r ON true
     WHERE l.id = ANY(?::uuid[])`,
    [ids as never],
  );
  const found = new Map<string, Known>();
  for (const row of rows) {
    const known = found.get(row.sid) ?? knownOf(row, loadedMonoMs);
    found.set(row.sid, known);
    if (row.role === null) continue;
    known.grants.push({
      grant: { role: row.role, departmentId: row.department_id, sectionId: row.section_id },
      fromMs: toMs(row.from_seconds),
      toMs: toMs(row.to_seconds),
    });
  }
  return found;
}

const knownOf = (row: SignInRow, loadedMonoMs: number): Known => ({
  principal: {
    accountId: row.id,
    login: row.login,
    displayName: row.display_name,
    studentId: row.student_id,
    facultyCode: row.faculty_code,
    guardianId: row.guardian_id,
    loginSessionId: row.sid,
    mustChangePassword: row.must_change_password,
  },
  generation: row.token_generation,
  isUsable: row.is_usable,
  grants: [],
  loadedMonoMs,
});

/** To the microsecond, as PostgreSQL keeps it: `epoch` has one binary digit too few to be multiplied as it is. */
const toMs = (seconds: number): number => Math.round(seconds * 1_000_000) / 1_000;
