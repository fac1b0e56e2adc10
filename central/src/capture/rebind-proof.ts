import { RollcallError } from '@rollcall/protocol/errors';
import { type FactorContext, hasFactor, spendFactor } from '../auth/second-factor.js';
import type { Knex } from '../db/database.js';
import { spendRebindCode } from './rebind-code.js';

export type ProofKind = 'authenticator' | 'office_code';

export interface GivenProof {
  accountId: string;
  studentId: string;
  /** Undefined: none was given. */
  code: string | undefined;
}

/**
 * Asks for what a thief of the password has not (domain case 105): a code of the authenticator application where the
 * person has one, and one of the office where not. Who has the application never falls back to the office's code.
 *
 * @throws RollcallError `SECOND_FACTOR_NEEDED` saying which, or `LOGIN_REFUSED`
 */
export async function spendProof(
  trx: Knex,
  { accountId, studentId, code }: GivenProof,
  context: FactorContext,
): Promise<ProofKind> {
  if (code === undefined) {
    throw new RollcallError(
      'SECOND_FACTOR_NEEDED',
      (await hasFactor(trx, accountId))
        ? 'Send the code that your authenticator application shows now'
        : 'Ask the office for a code, and send it along',
    );
  }
  if (await spendFactor(trx, { accountId, code }, context)) return 'authenticator';
  await spendRebindCode(trx, { studentId, code, accountId, nowMs: context.nowMs });
  return 'office_code';
}
