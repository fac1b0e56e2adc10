import { RollcallError } from '@rollcall/protocol/errors';
import { describeIssues } from '@rollcall/protocol/parse';
import type { Express, Request, Response } from 'express';
import type * as z from 'zod';
import { PERMISSIONS } from '../auth/permissions.js';
import type { Principal } from '../auth/principal.js';
import { authenticateGateway } from './authenticate-gateway.js';
import { NUL } from './cursor.js';
import { replyJson } from './reply-json.js';
import type { HttpContext, Route, RouteContract } from './route.js';

/** Makes Express answer a route: checks the request against the contract, then lets the handler speak. */
export function mountRoute(app: Express, route: Route, context: HttpContext): void {
  const { contract } = route;
  requireAccessRule(contract);
  app[contract.method](expressPath(contract.path), async (request: Request, response: Response) => {
    Object.assign(response.locals, { route: contract.path, rate: contract.rate, params: request.params });
    // Before the request is looked at: who may not call this learns nothing about what it takes.
    const principal = await context.auth.authenticate(request, contract);
    response.locals['principal'] = principal;
    await context.rates.take(contract, principal, request, response);
    const gatewayId =
      contract.access === 'gateway'
        ? await authenticateGateway(request.headers.authorization, context.db)
        : undefined;
    response.locals['gatewayId'] = gatewayId;
    const caller = { principal, gatewayId, request, response };
    const { accountId } = principal;
    const reply = await context.idempotency.once({ contract, accountId, request }, () =>
      answer(route, context, caller),
    );
    if (reply === undefined) return;
    replyJson(request, response, { ...reply, status: reply.status ?? contract.status ?? 200 });
  });
}

/** Deny first: a route that does not say who may call it ends the start, not a request. */
function requireAccessRule({ access, operationId }: RouteContract): void {
  const isKnown = ['public', 'gateway', 'signed_in'].includes(access) || Object.hasOwn(PERMISSIONS, access);
  if (isKnown) return;
  throw new RollcallError(
    'INTERNAL',
    `the route ${operationId} has no access rule that says who may call it`,
  );
}

interface Caller {
  principal: Principal;
  gatewayId: string | undefined;
  request: Request;
  response: Response;
}

function answer(
  { contract, handle }: Route,
  context: HttpContext,
  caller: Caller,
): ReturnType<Route['handle']> {
  const { request } = caller;
  if (contract.body !== undefined) refuseUnreadBody(request);
  return handle(
    {
      ...caller,
      params: parsePart(contract.params, request.params, 'path'),
      query: parsePart(contract.query, request.query, 'query'),
      body: contract.body === undefined ? undefined : parsePart(contract.body, request.body ?? {}, 'body'),
    } as never,
    context,
  );
}

/** After all routes: what a path knows is refused differently from a path that nobody knows. */
export function refuseOtherMethods(app: Express, routes: readonly Route[]): void {
  for (const path of new Set(routes.map(({ contract }) => contract.path))) {
    const methods = routes
      .filter(({ contract }) => contract.path === path)
      .map(({ contract }) => contract.method);
    const allowed = methods.flatMap((method) =>
      method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
    );
    app.all(expressPath(path), (request: Request, response: Response) => {
      response.locals['route'] = path;
      response.set('Allow', allowed.join(', '));
      throw new RollcallError(
        'METHOD_NOT_ALLOWED',
        `${request.method} is not for this address; it takes ${allowed.join(' and ')}`,
      );
    });
  }
}

/** `{id}` → `:id`; Express answers with and without the trailing slash by itself. */
export const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

function parsePart(
  schema: z.ZodObject | undefined,
  value: unknown,
  where: 'path' | 'query' | 'body',
): unknown {
  if (schema === undefined) {
    if (where === 'query') refuseUnknownQuery(value);
    return value;
  }
  const result = schema.safeParse(value);
  if (result.success) {
    refuseUnstorable(result.data, where);
    return result.data;
  }
  throw new RollcallError(
    'REQUEST_INVALID',
    `${describeIssues(result.error)} (in the ${where} of the request)`,
    {
      cause: result.error,
    },
  );
}

/** A body that no parser took would count as empty: a change would be made without what it says. */
function refuseUnreadBody(request: Request): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody || request.body !== undefined) return;
  throw new RollcallError(
    'REQUEST_INVALID',
    'The body of the request is not read as JSON: send it with "Content-Type: application/json"',
  );
}

const HALF_PAIR = /\p{Surrogate}/u;

/**
 * PostgreSQL takes neither NUL nor half of a surrogate pair, and what it refuses would be central's fault: every
 * text of a request is looked at, however deep it lies.
 */
function refuseUnstorable(value: unknown, where: string, name = ''): void {
  if (typeof value === 'string') {
    if (!value.includes(NUL) && !HALF_PAIR.test(value)) return;
    throw new RollcallError(
      'REQUEST_INVALID',
      `${name}: must not contain the character NUL or half of a surrogate pair (in the ${where} of the request)`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    refuseUnstorable(key, where, name);
    refuseUnstorable(inner, where, name === '' ? key : `${name}.${key}`);
  }
}

function refuseUnknownQuery(query: unknown): void {
  const [name] = Object.keys(query as object);
  if (name === undefined) return;
  throw new RollcallError('REQUEST_INVALID', `${name}: this address takes no query parameters; leave it out`);
}
