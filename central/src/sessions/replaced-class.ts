import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { NewSession } from './create-session.js';

/**
 * A makeup that names a class stands for one that was not held, of the same course and at least one of its groups;
 * otherwise one class would count twice (domain case 69). A swap names the class that it took the place of by itself.
 *
 * @throws RollcallError `REQUEST_INVALID` or `ALREADY_EXISTS`
 */
export async function requireReplaceable(trx: Knex, session: NewSession): Promise<void> {
  const { origin, replacesSessionId: id } = session;
  if (origin === 'swap') return;
  if (origin !== 'makeup') {
    if (id === undefined) return;
    throw refused('only a makeup names the class that it makes good');
  }
  // The seed only says that it is one (A1.5): it stands for no class then, and is one more that was held.
  if (id === undefined) return;
  // Held until the end: the class is not brought back, nor made good by another one, meanwhile.
  const replaced = await trx('attendance_session')
    .where({ id })
    .forNoKeyUpdate()
    .first<{ status: string; course_code: string }>('status', 'course_code');
  if (replaced.status !== 'not_held' && replaced.status !== 'cancelled') {
    throw refused(`this class is ${replaced.status}; only one that was not held or cancelled is made good`);
  }
  if (replaced.course_code !== session.course) throw refused('this class was of another course');
  const common = await trx('session_section')
    .where({ session_id: id })
    .whereIn('section_id', [...session.sections])
    .first('session_id');
  if (common === undefined) throw refused('this class was of other groups');
  if (!(await isMadeGood(trx, id))) return;
  throw new RollcallError('ALREADY_EXISTS', 'There is a makeup of this class already; one class counts once');
}

/** Whether a makeup of this class exists; one that was cancelled is brought back, or made good itself. */
export async function isMadeGood(trx: Knex, id: string): Promise<boolean> {
  return (await madeGoodAmong(trx, [id])).has(id);
}

/** Those of these classes that have a makeup. */
export async function madeGoodAmong(trx: Knex, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await trx.raw<{ rows: { id: string }[] }>(
    `SELECT replaces_session_id AS id FROM attendance_session
     WHERE replaces_session_id = ANY(?::uuid[]) AND origin = 'makeup'`,
    [ids as never],
  );
  return new Set(rows.map(({ id }) => id));
}

const refused = (why: string): RollcallError =>
  new RollcallError('REQUEST_INVALID', `replaces_session_id: ${why}`);
