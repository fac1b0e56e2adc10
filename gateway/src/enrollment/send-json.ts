import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { ERROR_CODES, type ErrorCode, RollcallError } from '@rollcall/protocol/errors';

/** Central that says nothing for this long is not going to. */
const SILENCE_TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;

export interface CentralAccess {
  gatewayId: string;
  centralUrl: string;
  password: string;
  /** Certificate of a private authority, PEM. */
  ca: Buffer | undefined;
}

export interface JsonRequest {
  method: 'POST' | 'PUT';
  /** Below `api/v1/attendance/gateways/<gateway>/`. */
  path: string;
  body: object;
  signal: AbortSignal;
}

/**
 * Sends a document to central and gives its answer.
 *
 * @throws RollcallError with central's own code where it refuses; `LINK_DOWN` where trying again helps, `LINK_AUTH`
 */
export async function sendJson(access: CentralAccess, request: JsonRequest): Promise<unknown> {
  const { status, text } = await exchange(access, request);
  const answer = parse(text);
  if (status >= 200 && status < 300 && answer !== undefined) return answer;
  throw refusalOf(status, answer);
}

function exchange(
  { gatewayId, centralUrl, password, ca }: CentralAccess,
  { method, path, body, signal }: JsonRequest,
): Promise<{ status: number; text: string }> {
  const base = centralUrl.endsWith('/') ? centralUrl : `${centralUrl}/`;
  const url = new URL(`api/v1/attendance/gateways/${gatewayId}/${path}`, base);
  return new Promise((resolve, reject) => {
    const open = url.protocol === 'https:' ? requestHttps : requestHttp;
    const fail = (cause: unknown): void => {
      if (signal.aborted) reject(signal.reason);
      else reject(new RollcallError('LINK_DOWN', `Central did not answer ${method} ${path}`, { cause }));
    };
    const request = open(
      url,
      {
        method,
        auth: `${gatewayId}:${password}`,
        timeout: SILENCE_TIMEOUT_MS,
        signal,
        headers: { 'content-type': 'application/json' },
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          chunks.push(chunk);
          if (bytes > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'));
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
        response.on('error', fail);
      },
    );
    request.on('timeout', () => request.destroy(new Error(`silent for ${SILENCE_TIMEOUT_MS} ms`)));
    request.on('error', fail);
    request.end(JSON.stringify(body));
  });
}

function parse(text: string): { code?: unknown; detail?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // A proxy's page is no answer of central.
    return undefined;
  }
}

function refusalOf(status: number, answer: { code?: unknown; detail?: unknown } | undefined): RollcallError {
  if (status === 401 || status === 403) {
    return new RollcallError(
      'LINK_AUTH',
      `Central refused the login of this gateway (${status}); check uplink.password_file`,
    );
  }
  const code = answer?.code;
  if (status < 500 && typeof code === 'string' && Object.hasOwn(ERROR_CODES, code)) {
    const detail = typeof answer?.detail === 'string' ? answer.detail.slice(0, 300) : 'Central refused it';
    return new RollcallError(code as ErrorCode, detail);
  }
  return new RollcallError('LINK_DOWN', `Central answered ${status}; it is tried again`);
}
