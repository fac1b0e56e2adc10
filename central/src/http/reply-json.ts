import type { Request, Response } from 'express';
import type { JsonReply } from './route.js';

const CONDITIONS = ['if-none-match', 'if-modified-since'] as const;
const JSON_TYPE = 'application/json; charset=utf-8';

/**
 * Answers with JSON, as `response.json` of Express does. Where nothing is said about the form of the answer and nothing is
 * asked about its age, what that looks up for each answer is known beforehand.
 */
export function replyJson(
  request: Request,
  response: Response,
  { status, headers, body, isAlwaysSent }: JsonReply<unknown> & { status: number },
): void {
  // By these Express answers 304.
  if (isAlwaysSent) for (const name of CONDITIONS) delete request.headers[name];
  response.statusCode = status;
  response.setHeader('Cache-Control', 'no-store');
  if (headers !== undefined || body === undefined || isConditional(request)) {
    response.set(headers ?? {}).json(body);
    return;
  }
  response.setHeader('Content-Type', JSON_TYPE);
  // Node adds the length to what is sent in one piece.
  response.end(JSON.stringify(body));
}

/** May be answered with 304, or has to be answered without a body. */
const isConditional = ({ method, headers }: Request): boolean =>
  method === 'HEAD' || CONDITIONS.some((name) => headers[name] !== undefined);
