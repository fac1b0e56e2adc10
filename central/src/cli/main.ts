#!/usr/bin/env node
import { isRollcallError } from '@rollcall/protocol/errors';
import { Command, CommanderError } from 'commander';
import { addAccount } from './account.js';
import { addAudit } from './audit.js';
import { addMigrate } from './migrate.js';
import { addRun } from './run.js';
import { addSeed } from './seed.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

const program = new Command('rollcall-central')
  .description('The central service of Rollcall: stores punches, derives marks, serves the pages')
  .exitOverride()
  .configureHelp({ showGlobalOptions: true });
addRun(program);
addSeed(program);
addAccount(program);
addMigrate(program);
addAudit(program);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  // An expected failure is a sentence for a human; anything else is a bug and keeps its stack.
  const text = isRollcallError(error) ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`${text}\n`);
  return EXIT_FAILURE;
}
