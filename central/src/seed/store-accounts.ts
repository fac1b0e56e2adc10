import { writeAudit } from '../audit/write-audit.js';
import { announceAccount } from '../auth/announce-account.js';
import { hashPassword } from '../auth/password.js';
import type { Knex } from '../db/database.js';
import type { CampusFile } from './campus-file.js';

/**
 * Accounts of the file. A password is set only where the account has none, a role given only where the account never had
 * it: loading the file again never undoes what somebody chose since (case 160).
 */
export async function storeAccounts(trx: Knex, { accounts }: CampusFile, nowMs: number): Promise<void> {
  for (const account of accounts) {
    const id = await storeAccount(trx, account);
    for (const grant of account.roles) {
      const { rows } = await trx.raw<{ rows: { id: string }[] }>(
        `INSERT INTO account_role (account_id, role, department_id, section_id, valid_from)
         SELECT ?::uuid, ?, ?, ?, '-infinity' WHERE NOT EXISTS (SELECT FROM account_role WHERE account_id = ?::uuid
           AND role = ? AND department_id IS NOT DISTINCT FROM ? AND section_id IS NOT DISTINCT FROM ?)
         RETURNING id`,
        [
          ...[id, grant.role, grant.department ?? null, grant.section ?? null],
          ...[id, grant.role, grant.department ?? null, grant.section ?? null],
        ],
      );
      await writeAudit(
        trx,
        rows.map((row) => ({
          at: new Date(nowMs),
          entityType: 'account',
          entityId: id,
          action: 'grant_role',
          after: { ...grant, grant: row.id },
        })),
      );
    }
    await announceAccount(trx, id);
  }
}

async function storeAccount(trx: Knex, account: CampusFile['accounts'][number]): Promise<string> {
  const login = account.login.toLowerCase();
  const student =
    account.student === undefined
      ? undefined
      : await trx('student')
          .where({ roll_number: account.student })
          .first<{ id: string; full_name: string }>();
  const faculty =
    account.faculty === undefined
      ? undefined
      : await trx('faculty').where({ code: account.faculty }).first<{ full_name: string }>();
  const name = account.name ?? student?.full_name ?? faculty?.full_name ?? login;
  const [row] = (await trx('account')
    .insert({
      login,
      display_name: name,
      student_id: student?.id ?? null,
      faculty_code: account.faculty ?? null,
    })
    .onConflict('login')
    .merge(['display_name', 'student_id', 'faculty_code'])
    .returning(['id', 'password_hash'])) as { id: string; password_hash: string | null }[];
  const { id, password_hash: known } = row as { id: string; password_hash: string | null };
  if (account.password !== undefined && known === null) {
    await trx('account')
      .where({ id })
      .update({ password_hash: await hashPassword(account.password) });
  }
  return id;
}
