import type { Knex } from '../db/database.js';
import type { HttpContext } from './route.js';
import { type Writer, writeAs } from './write-as.js';

/** The password once more, as much throttled as at the sign-in. @throws RollcallError `LOGIN_REFUSED`, `LOGIN_THROTTLED` */
export async function confirmPassword(
  { principal: { login, accountId }, request }: Writer,
  { auth }: Pick<HttpContext, 'auth'>,
  password: string,
): Promise<void> {
  await auth.throttle.guard(login, request.ip ?? '', () =>
    auth.signIn.confirmPassword(accountId ?? '', password),
  );
}

/**
 * Runs what takes a code in a transaction of the person. Wrong codes are counted apart from wrong passwords: who knows the
 * password could begin anew with every sign-in. No login has a space in it.
 *
 * @throws RollcallError `LOGIN_THROTTLED`
 */
export function guardFactor<Result>(
  writer: Writer,
  { auth, db }: Pick<HttpContext, 'auth' | 'db'>,
  act: (trx: Knex) => Promise<Result>,
): Promise<Result> {
  const { principal, request } = writer;
  return auth.throttle.guard(`${principal.login} second factor`, request.ip ?? '', () =>
    writeAs(db.knex, writer, act),
  );
}
