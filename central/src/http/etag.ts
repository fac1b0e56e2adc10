import { RollcallError } from '@rollcall/protocol/errors';

export const etagOf = (version: number): string => `"${version}"`;

/**
 * The version that `If-Match` names; undefined where it is absent or `*`.
 *
 * @throws RollcallError `REQUEST_INVALID` for anything else
 */
export function expectedVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const digits = /^(?:W\/)?"(\d{1,9})"$/.exec(ifMatch.trim())?.[1];
  if (digits !== undefined) return Number(digits);
  throw new RollcallError(
    'REQUEST_INVALID',
    'If-Match: must be the ETag of one class session, for example "3"',
  );
}
