import { RollcallError } from '@rollcall/protocol/errors';
import express, { type Request, type RequestHandler } from 'express';

/** What fills a page or less; whatever is longer takes so long that how it is read does not matter. */
const SHORT_BYTES_MAX = 16 * 1024;
/** Levels of objects and lists in each other: more than any contract has, and far fewer than a stack holds. */
export const BODY_DEPTH_MAX = 32;
/** How clients write that they send JSON. Every other spelling is read by Express, too. */
const JSON_TYPES = new Set([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-8',
  'application/json; charset=UTF-8',
  'application/json;charset=UTF-8',
]);
const BYTE_ORDER_MARK = '\uFEFF';
const OBJECT_OR_LIST = /^[\t\n\r ]*[[{]/;

/**
 * Reads bodies of JSON, as `express.json` does. Nearly all of them are short, of a length that is said before, and plain
 * UTF-8: to ask each for its charset, its compression and its limit took a fourteenth of central's main thread of a scan.
 * However it is read, it is no deeper than {@link BODY_DEPTH_MAX}: what looks at bodies afterwards, and writes them
 * as JSON again, calls itself for each level.
 */
export function readJson(bytesMax: number): RequestHandler {
  const readAny = express.json({ limit: bytesMax });
  return (request, response, next) => {
    if (!isShortAndPlain(request, bytesMax)) {
      readAny(request, response, (error?: unknown) => {
        next(error ?? (isTooDeep(request.body) ? tooDeep() : undefined));
      });
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('aborted', () => next(unreadable('request aborted')));
    request.once('end', () => {
      try {
        request.body = parse(chunks);
        if (isTooDeep(request.body)) throw tooDeep();
      } catch (error) {
        next(error);
        return;
      }
      next();
    });
  };
}

/** Its length is exact: Node ends a request whose body is shorter, and takes what is longer for the next one. */
function isShortAndPlain({ headers, readableEnded }: Request, bytesMax: number): boolean {
  const bytes = Number(headers['content-length']);
  return (
    bytes > 0 &&
    bytes <= Math.min(SHORT_BYTES_MAX, bytesMax) &&
    JSON_TYPES.has(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    // A route that takes more has read it already.
    !readableEnded
  );
}

function parse(chunks: readonly Buffer[]): unknown {
  const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  const text = bytes.toString();
  const json = text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
  if (!OBJECT_OR_LIST.test(json)) throw unreadable('its JSON is neither an object nor a list');
  try {
    return JSON.parse(json);
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : String(error), error);
  }
}

/** Level by level, and without calling itself. */
function isTooDeep(body: unknown): boolean {
  let level = isNested(body) ? [body] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > BODY_DEPTH_MAX) return true;
    level = level.flatMap((one) => Object.values(one).filter(isNested));
  }
  return false;
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

const tooDeep = (): RollcallError =>
  unreadable(`its JSON nests deeper than ${BODY_DEPTH_MAX} levels; send it flatter`);

const unreadable = (why: string, cause?: unknown): RollcallError =>
  new RollcallError('REQUEST_INVALID', `The request cannot be read: ${why}`, { cause });
