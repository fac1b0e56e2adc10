import { RollcallError } from '@rollcall/protocol/errors';
import type { NextFunction, Request, Response } from 'express';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);
const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Until there is sign-in, whoever reaches this port may do everything, so only this machine may: a page of
 * another site must not get here through a name that it points at 127.0.0.1 (DNS rebinding), nor by sending a
 * form across.
 */
export function refuseForeignOrigins(request: Request, _response: Response, next: NextFunction): void {
  if (!isLoopbackAuthority(request.headers.host)) {
    throw new RollcallError(
      'FORBIDDEN',
      'Address central as http://127.0.0.1 or http://localhost, with its port',
    );
  }
  const { origin } = request.headers;
  const isForeignPage = origin !== undefined && origin !== `http://${request.headers.host}`;
  const isCrossSite = request.headers['sec-fetch-site'] === 'cross-site';
  if (!READING_METHODS.has(request.method) && (isForeignPage || isCrossSite)) {
    throw new RollcallError('FORBIDDEN', 'Changes are accepted only from pages that central serves itself');
  }
  next();
}

function isLoopbackAuthority(host: string | undefined): boolean {
  const name = /^(?<name>\[[0-9a-f:]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host ?? '')?.groups?.['name'];
  return name !== undefined && LOOPBACK_NAMES.has(name.toLowerCase());
}
