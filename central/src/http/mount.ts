import { RollcallError } from '@rollcall/protocol/errors';
import { describeIssues } from '@rollcall/protocol/parse';
import type { Express, Request, Response } from 'express';
import type * as z from 'zod';
import type { HttpContext, Route } from './route.js';

/** Makes Express answer a route: checks the request against the contract, then lets the handler speak. */
export function mountRoute(app: Express, route: Route, context: HttpContext): void {
  const { contract } = route;
  app[contract.method](expressPath(contract.path), async (request: Request, response: Response) => {
    response.locals['route'] = contract.path;
    const reply = await route.handle(
      {
        params: parsePart(contract.params, request.params, 'path'),
        query: parsePart(contract.query, request.query, 'query'),
        body: contract.body === undefined ? undefined : parsePart(contract.body, request.body ?? {}, 'body'),
        request,
        response,
      } as never,
      context,
    );
    if (reply === undefined) return;
    response
      .status(reply.status ?? 200)
      .set({ 'Cache-Control': 'no-store', ...reply.headers })
      .json(reply.body);
  });
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
  if (result.success) return result.data;
  throw new RollcallError(
    'REQUEST_INVALID',
    `${describeIssues(result.error)} (in the ${where} of the request)`,
    {
      cause: result.error,
    },
  );
}

function refuseUnknownQuery(query: unknown): void {
  const [name] = Object.keys(query as object);
  if (name === undefined) return;
  throw new RollcallError('REQUEST_INVALID', `${name}: this address takes no query parameters; leave it out`);
}
