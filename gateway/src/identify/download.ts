import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { RollcallError } from '@rollcall/protocol/errors';

/** Central that says nothing for this long is not going to. */
const SILENCE_TIMEOUT_MS = 30_000;

export interface DownloadOptions {
  url: URL;
  username: string;
  password: string;
  /** Certificate of a private authority, PEM. */
  ca: Buffer | undefined;
  bytesMax: number;
  signal: AbortSignal;
  /** Sent as JSON by POST; without it the document is asked for by GET. */
  body?: object;
  /** Told what stood above the document, before it. */
  onHeaders?: (headers: IncomingHttpHeaders) => void;
}

/**
 * Fetches a document, never keeping more of it than `bytesMax`.
 *
 * @throws RollcallError `LINK_DOWN`, `LINK_AUTH` or `ROSTER_INVALID`.
 */
export function download(options: DownloadOptions): Promise<Buffer> {
  const { url, username, password, ca, bytesMax, signal, body, onHeaders } = options;
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    const fail = (cause: unknown): void => {
      if (cause instanceof RollcallError) reject(cause);
      else
        reject(
          new RollcallError('LINK_DOWN', `Central did not send ${url.pathname}; it is tried again`, {
            cause,
          }),
        );
    };
    const settings = {
      auth: `${username}:${password}`,
      timeout: SILENCE_TIMEOUT_MS,
      signal,
      ...(ca === undefined ? {} : { ca }),
      ...(body === undefined ? {} : { method: 'POST', headers: { 'content-type': 'application/json' } }),
    };
    const request = open(url, settings, (response) => {
      const refusal = refusalOf(response.statusCode ?? 0, url);
      if (refusal !== undefined) {
        request.destroy(refusal);
        return;
      }
      onHeaders?.(response.headers);
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes > bytesMax) {
          request.destroy(
            new RollcallError('ROSTER_INVALID', `${url.pathname} is longer than ${bytesMax} bytes`),
          );
        }
      });
      response.on('end', () => resolve(Buffer.concat(chunks)));
      response.on('error', fail);
    });
    request.on('timeout', () => request.destroy(new Error(`silent for ${SILENCE_TIMEOUT_MS} ms`)));
    request.on('error', fail);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function refusalOf(status: number, url: URL): RollcallError | undefined {
  if (status === 200) return undefined;
  if (status === 401 || status === 403) {
    return new RollcallError(
      'LINK_AUTH',
      `Central refused the login of this gateway for ${url.pathname} (${status}); check uplink.password_file`,
    );
  }
  return new RollcallError('LINK_DOWN', `Central answered ${status} for ${url.pathname}; it is tried again`);
}
