import { RollcallError } from '@rollcall/protocol/errors';
import type { Command } from 'commander';
import { createAuditKeys } from '../audit/audit-keys.js';
import { type AuditProblem, verifyAudit } from '../audit/verify-audit.js';
import { readConfig } from '../config.js';
import { loadDataKeys } from '../privacy/data-key.js';
import { withDatabase } from './with-database.js';

interface VerifyFlags {
  dataDir?: string;
  expectHead?: string;
}

export function addAudit(program: Command): void {
  const audit = program.command('audit').description('looks after the audit log');
  audit
    .command('verify')
    .description(
      'reads the whole audit log against its seals; fails where a row was changed, removed or added',
    )
    .option('--data-dir <path>', 'folder of the database and the keys (default ./var)')
    .option(
      '--expect-head <hash>',
      'the head that an earlier verification printed: finds a chain that was cut off',
    )
    .action(verifyCommand);
}

async function verifyCommand({ dataDir, expectHead }: VerifyFlags): Promise<void> {
  const config = readConfig(process.env, { dataDir });
  await withDatabase(config, async ({ knex }) => {
    const keys = createAuditKeys(
      await loadDataKeys(knex, { dataDir: config.dataDir, file: config.dataKeyFile }),
    );
    const head = expectHead?.trim().toLowerCase();
    const found = await verifyAudit(knex, { keys, ...(head === undefined ? {} : { expectHead: head }) });
    const { seals, rows, expired, unsealed } = found;
    process.stdout.write(
      `${rows} rows in ${seals} seals read, ${expired} removed by retention, ${unsealed} not sealed yet\nhead ${found.head}\n`,
    );
    for (const problem of found.problems) process.stdout.write(`${lineOf(problem)}\n`);
    if (found.isWhole) return;
    throw new RollcallError(
      'AUDIT_BROKEN',
      `The audit log is not what was sealed: ${found.problemsFound} problems. Keep the database as it is, and compare it with a backup of before the day named`,
    );
  });
}

const lineOf = ({ kind, sealId, rowId, day }: AuditProblem): string =>
  [
    kind.replace('_', ' '),
    ...(rowId === null ? [] : [`audit row ${rowId}`]),
    ...(sealId === null ? [] : [`seal ${sealId} of ${day}`]),
  ].join(', ');
