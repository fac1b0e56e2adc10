import { RollcallError } from '@rollcall/protocol/errors';

/**
 * Rows that are changed where they were found (ADR 65) and are not there any more were changed by somebody who does not
 * hold what their writers hold. The statement has missed them without an error: the transaction must not commit, so that
 * its work is done again from what the rows say now.
 *
 * @throws RollcallError `CONCURRENT_CHANGE`
 */
export function refuseMoved(found: number, changed: number, table: string): void {
  if (found === changed) return;
  throw new RollcallError(
    'CONCURRENT_CHANGE',
    `Rows of ${table} were changed by somebody else at the same moment; nothing was changed here, do it again`,
    { context: { table, found, changed } },
  );
}
