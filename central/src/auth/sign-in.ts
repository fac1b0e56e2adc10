import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import type { Accounts } from './accounts.js';
import { announceAccount } from './announce-account.js';
import type { Client } from './client.js';
import { hashPassword, isPassword, refuseWeakPassword } from './password.js';
import { ENDED, readSpent } from './spent-token.js';
import type { Tokens } from './tokens.js';

/** A password that an office gave, on paper or by voice, is worth nothing after this time. */
export const TEMPORARY_PASSWORD_MS = 7 * 24 * 60 * 60 * 1_000;
/** A sign-in that is not used for a day has ended. */
export const REFRESH_TOKEN_MS = 24 * 60 * 60 * 1_000;
const REFRESH_BYTES = 32;

export interface SignedIn {
  accountId: string;
  accessToken: string;
  accessExpiresMs: number;
  refreshToken: string;
  refreshExpiresMs: number;
  csrfToken: string;
}

export interface SignIn {
  /** @throws RollcallError `LOGIN_REFUSED`, for a temporary password that is too old as for a wrong one */
  signIn(login: string, password: string, client: Client): Promise<SignedIn>;
  /** @throws RollcallError `TOKEN_INVALID` or `TOKEN_SPENT` */
  refresh(refreshToken: string, client: Client): Promise<SignedIn>;
  /** Ends one sign-in, or with `all` every one of the account. */
  signOut(session: OwnSession, all: boolean, client: Client): Promise<void>;
  /** For what a stolen sign-in alone must not be able to do. @throws RollcallError `LOGIN_REFUSED` */
  confirmPassword(accountId: string, password: string): Promise<void>;
  /** Ends every other sign-in. @throws RollcallError `LOGIN_REFUSED` or `PASSWORD_WEAK` */
  changePassword(accountId: string, passwords: ChangedPassword, client: Client): Promise<void>;
}

export interface OwnSession {
  accountId: string;
  loginSessionId: string;
}

export interface ChangedPassword {
  current: string;
  next: string;
}

export interface SignInOptions {
  knex: Knex;
  clock: Pick<Clock, 'wallMs'>;
  tokens: Tokens;
  accounts: Pick<Accounts, 'forget'>;
}

export function createSignIn({ knex, clock, tokens, accounts }: SignInOptions): SignIn {
  async function answer(trx: Knex, session: SessionRow, refreshToken: string): Promise<SignedIn> {
    const { token, expiresMs } = await tokens.issue({
      accountId: session.account_id,
      loginSessionId: session.id,
      generation: await generationOf(trx, session.account_id),
    });
    return {
      accountId: session.account_id,
      accessToken: token,
      accessExpiresMs: expiresMs,
      refreshToken,
      refreshExpiresMs: session.expires_at.getTime(),
      csrfToken: tokens.csrfTokenOf(session.id),
    };
  }

  async function confirmed(accountId: string, password: string): Promise<{ login: string }> {
    const account = await knex('account')
      .where({ id: accountId })
      .first<{ login: string; password_hash: string | null } | undefined>('login', 'password_hash');
    if (account !== undefined && (await isPassword(account.password_hash, password))) return account;
    throw new RollcallError('LOGIN_REFUSED', 'The present password is not right');
  }

  return {
    async confirmPassword(accountId, password) {
      await confirmed(accountId, password);
    },
    async signIn(login, password, client) {
      const { ip, userAgent } = client;
      const account = await knex('account')
        .where({ login: login.toLowerCase() })
        .first<AccountRow | undefined>('id', 'password_hash', 'is_active', 'temporary_until');
      const isRight = await isPassword(account?.password_hash, password);
      const now = new Date(clock.wallMs());
      const isOver = account?.temporary_until != null && account.temporary_until <= now;
      if (account === undefined || !isRight || !account.is_active || isOver) {
        // Who is refused is noted where requests are; it takes as long for a login that there is not.
        throw new RollcallError('LOGIN_REFUSED', 'This login and password do not belong together', {
          context: { refusedLogin: account?.id ?? 'unknown' },
        });
      }
      const refreshToken = newRefreshToken();
      return knex.transaction(async (trx) => {
        const [session] = (await trx('login_session')
          .insert({
            account_id: account.id,
            refresh_sha256: sha256(refreshToken),
            user_agent: userAgent.slice(0, 300),
            ip,
            created_at: now,
            last_used_at: now,
            expires_at: new Date(now.getTime() + REFRESH_TOKEN_MS),
          })
          .returning(SESSION_COLUMNS)) as SessionRow[];
        await writeAudit(trx, [
          {
            at: now,
            entityType: 'account',
            entityId: account.id,
            action: 'login',
            performedBy: account.id,
            after: { login_session: (session as SessionRow).id },
            ...client,
          },
        ]);
        return answer(trx, session as SessionRow, refreshToken);
      });
    },

    async refresh(refreshToken, client) {
      const now = new Date(clock.wallMs());
      const hash = sha256(refreshToken);
      const next = newRefreshToken();
      const outcome = await knex.transaction(async (trx) => {
        const session = (await trx('login_session')
          .where({ refresh_sha256: hash })
          .forUpdate()
          .first(SESSION_COLUMNS)) as SessionRow | undefined;
        if (session === undefined) return readSpent(trx, { hash, now, client });
        if (session.revoked_at !== null || session.expires_at <= now) return ENDED;
        await trx('spent_refresh_token').insert({
          refresh_sha256: hash,
          login_session_id: session.id,
          spent_at: now,
        });
        const expires = new Date(now.getTime() + REFRESH_TOKEN_MS);
        await trx('login_session')
          .where({ id: session.id })
          .update({
            refresh_sha256: sha256(next),
            rotation: trx.raw('rotation + 1'),
            last_used_at: now,
            expires_at: expires,
          });
        const isActive = await trx('account').where({ id: session.account_id, is_active: true }).first('id');
        return isActive === undefined ? ENDED : answer(trx, { ...session, expires_at: expires }, next);
      });
      if (outcome === 'together') {
        throw new RollcallError('TOKEN_SPENT', 'This sign-in was renewed a moment ago; use the newer tokens');
      }
      if (!('endedOf' in outcome)) return outcome;
      if (outcome.endedOf !== undefined) accounts.forget(outcome.endedOf);
      throw new RollcallError('TOKEN_INVALID', 'This sign-in has ended; sign in again');
    },

    async signOut({ accountId, loginSessionId }, all, client) {
      const now = new Date(clock.wallMs());
      await knex.transaction(async (trx) => {
        const which = all ? { account_id: accountId } : { account_id: accountId, id: loginSessionId };
        await trx('login_session')
          .where(which)
          .whereNull('revoked_at')
          .update({ revoked_at: now, revoked_reason: all ? 'signed out everywhere' : 'signed out' });
        await writeAudit(trx, [
          {
            at: now,
            entityType: 'account',
            entityId: accountId,
            action: all ? 'logout_all' : 'logout',
            performedBy: accountId,
            before: { login_session: all ? 'all' : loginSessionId },
            ...client,
          },
        ]);
        await announceAccount(trx, accountId);
      });
      // The other replicas hear of it in a moment; here it has ended before the answer says so.
      accounts.forget(accountId);
    },

    async changePassword(accountId, { current, next }, client) {
      const { login } = await confirmed(accountId, current);
      refuseWeakPassword(next, login);
      const nowMs = clock.wallMs();
      await storePassword(knex, { accountId, password: next, nowMs, performedBy: accountId, client });
      accounts.forget(accountId);
    },
  };
}

export interface NewPassword {
  accountId: string;
  password: string;
  nowMs: number;
  performedBy: string | null;
  /** Given by an office: to be changed at the next sign-in, within `TEMPORARY_PASSWORD_MS`. */
  isTemporary?: boolean;
  /** Where no transaction knows whose request it is. */
  client?: Client;
}

/** A new password ends every sign-in of the account: whoever knew the old one is out. */
export async function storePassword(knex: Knex, request: NewPassword): Promise<void> {
  const { accountId, password, nowMs, performedBy, isTemporary = false, client } = request;
  const hash = await hashPassword(password);
  const now = new Date(nowMs);
  await knex.transaction(async (trx) => {
    await trx('account')
      .where({ id: accountId })
      .update({
        password_hash: hash,
        must_change_password: isTemporary,
        temporary_until: isTemporary ? new Date(nowMs + TEMPORARY_PASSWORD_MS) : null,
        token_generation: trx.raw('token_generation + 1'),
        version: trx.raw('version + 1'),
        updated_at: now,
      });
    await trx('login_session')
      .where({ account_id: accountId })
      .whereNull('revoked_at')
      .update({ revoked_at: now, revoked_reason: 'password changed' });
    await writeAudit(trx, [
      {
        at: now,
        entityType: 'account',
        entityId: accountId,
        action: 'password_changed',
        performedBy,
        after: { must_change_password: isTemporary },
        ...client,
      },
    ]);
    await announceAccount(trx, accountId);
  });
}

interface AccountRow {
  id: string;
  password_hash: string | null;
  is_active: boolean;
  temporary_until: Date | null;
}

interface SessionRow {
  id: string;
  account_id: string;
  expires_at: Date;
  revoked_at: Date | null;
}
const SESSION_COLUMNS = ['id', 'account_id', 'expires_at', 'revoked_at'];

async function generationOf(trx: Knex, accountId: string): Promise<number> {
  const row = await trx('account')
    .where({ id: accountId })
    .first<{ token_generation: number } | undefined>('token_generation');
  return row?.token_generation ?? 0;
}

const newRefreshToken = (): string => randomBytes(REFRESH_BYTES).toString('base64url');
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
