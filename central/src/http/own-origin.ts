import { isIP } from 'node:net';
import { RollcallError } from '@rollcall/protocol/errors';
import type { RequestHandler } from 'express';

const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Answers only under names that are central's own: a page of another site must not get here through a name that
 * it points at this machine (DNS rebinding). Changes are taken only from pages that central serves itself; the
 * CSRF header and SameSite cookies say the same, and this holds for requests without cookies, too.
 *
 * @param publicUrls origins such as `https://attendance.example.edu`
 */
export function refuseForeignOrigins(publicUrls: readonly string[]): RequestHandler {
  const names = new Set(['localhost', ...publicUrls.map((url) => new URL(url).hostname)]);
  return (request, _response, next) => {
    const { host, origin } = request.headers;
    const name = nameOf(host);
    if (name === undefined || (isIP(name) === 0 && !names.has(name))) {
      throw new RollcallError(
        'FORBIDDEN',
        'Central does not know itself by this name; whoever runs it sets ROLLCALL_PUBLIC_URL to the address that people use',
      );
    }
    const isForeignPage =
      origin !== undefined && origin !== `${request.protocol}://${host}` && !publicUrls.includes(origin);
    const isCrossSite = request.headers['sec-fetch-site'] === 'cross-site';
    if (!READING_METHODS.has(request.method) && (isForeignPage || isCrossSite)) {
      throw new RollcallError('FORBIDDEN', 'Changes are accepted only from pages that central serves itself');
    }
    next();
  };
}

/** The Host header without its port; IPv6 addresses without their brackets. */
function nameOf(host: string | undefined): string | undefined {
  const found = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[^:[\]]+))(?::\d{1,5})?$/i.exec(host ?? '')?.groups;
  return (found?.['v6'] ?? found?.['name'])?.toLowerCase();
}
