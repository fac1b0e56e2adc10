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
    'If-Match: must be the ETag of what is to be changed, for example "3"',
  );
}

/**
 * A write that names the version it has seen must find that one; one that names none takes what is there.
 *
 * @throws RollcallError `STALE`; `REQUEST_INVALID` for an If-Match that is no ETag
 */
export function refuseStale(actual: number, ifMatch: string | undefined, version: number | undefined): void {
  const isCurrent = (seen: number | undefined): boolean => seen === undefined || seen === actual;
  if (isCurrent(expectedVersion(ifMatch)) && isCurrent(version)) return;
  throw new RollcallError(
    'STALE',
    `It has changed since you read it: it is now at version ${actual}; read it again`,
  );
}
