import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import type { Command } from 'commander';
import { writeAudit } from '../audit/write-audit.js';
import { refuseWeakPassword } from '../auth/password.js';
import { ROLES, type RoleId } from '../auth/roles.js';
import { storePassword } from '../auth/sign-in.js';
import { readConfig } from '../config.js';
import { migrate } from '../db/migrate.js';
import { withDatabase } from './with-database.js';

/** Twenty-four characters of base64url: nobody guesses it, and it can be typed once. */
const GENERATED_BYTES = 18;

interface AccountFlags {
  login: string;
  role: string;
  name?: string;
  passwordFile?: string;
  dataDir?: string;
}

export function addAccount(program: Command): void {
  program
    .command('account')
    .description('makes an account, or gives an existing one a new password and a role')
    .requiredOption('--login <login>', 'what is typed to sign in')
    .requiredOption('--role <role>', `one of ${ROLES.join(', ')}`)
    .option('--name <name>', 'name that the pages show (default: the login)')
    .option('--password-file <path>', 'file with the password; without it one is made and printed once')
    .option('--data-dir <path>', 'folder of the database and the keys (default ./var)')
    .action(accountCommand);
}

async function accountCommand(flags: AccountFlags): Promise<void> {
  const role = ROLES.find((known) => known === flags.role);
  if (role === undefined) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `There is no role ${flags.role}; take one of ${ROLES.join(', ')}`,
    );
  }
  const login = flags.login.trim().toLowerCase();
  const given = flags.passwordFile === undefined ? undefined : await readPassword(flags.passwordFile);
  const password = given ?? randomBytes(GENERATED_BYTES).toString('base64url');
  refuseWeakPassword(password, login);
  const config = readConfig(process.env, { dataDir: flags.dataDir });
  await withDatabase(config, async (db) => {
    await migrate(db);
    const id = await db.knex.transaction((trx) => grant(trx, { login, role, name: flags.name ?? login }));
    await storePassword(db.knex, {
      accountId: id,
      password,
      nowMs: systemClock.wallMs(),
      performedBy: null,
      // One that was printed is known to whoever stood beside the screen.
      isTemporary: given === undefined,
    });
  });
  process.stdout.write(`${login} has the role ${role}\n`);
  if (given === undefined)
    process.stdout.write(`password, to be changed at the first sign-in: ${password}\n`);
}

async function grant(
  trx: Parameters<typeof writeAudit>[0],
  { login, role, name }: { login: string; role: RoleId; name: string },
): Promise<string> {
  const [row] = (await trx('account')
    .insert({ login, display_name: name })
    .onConflict('login')
    .merge(['display_name'])
    .returning('id')) as { id: string }[];
  const { id } = row as { id: string };
  const has = await trx('account_role').where({ account_id: id, role, valid_to: 'infinity' }).first('id');
  if (has === undefined) await trx('account_role').insert({ account_id: id, role });
  await writeAudit(trx, [
    {
      at: new Date(systemClock.wallMs()),
      entityType: 'account',
      entityId: id,
      action: 'grant_by_command_line',
      after: { login, role },
    },
  ]);
  return id;
}

async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new RollcallError('CONFIG_INVALID', `The password file cannot be read: ${why}`, { cause });
  }
}
