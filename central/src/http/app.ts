import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { expressPath, mountRoute, refuseOtherMethods } from './mount.js';
import { refuseForeignOrigins } from './own-origin.js';
import { servePage } from './page.js';
import { PROBLEM_CONTENT_TYPE, problemOf } from './problem.js';
import { readJson } from './read-json.js';
import type { HttpContext, Route } from './route.js';
import { securityHeaders } from './security-headers.js';

export const BODY_BYTES_MAX = 1024 * 1024;
/** How people reach central (config.ts). */
export interface Reachability {
  publicUrls: readonly string[];
  trustedProxies: readonly string[];
}

export interface AppOptions extends Reachability {
  pageDirectory: string;
}

export function createApp(
  routes: readonly Route[],
  context: HttpContext,
  { pageDirectory, publicUrls, trustedProxies }: AppOptions,
): Express {
  const app = express();
  app.set('trust proxy', [...trustedProxies]);
  app.disable('x-powered-by');
  // Repeated parameters stay visible as arrays, and nothing builds objects from brackets.
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.use(observe(context));
  app.use(securityHeaders(publicUrls.length > 0 && publicUrls.every((url) => url.startsWith('https:'))));
  app.use(refuseForeignOrigins(publicUrls));
  for (const { contract } of routes) {
    if (contract.bodyBytesMax === undefined) continue;
    app[contract.method](expressPath(contract.path), readJson(contract.bodyBytesMax));
  }
  app.use(readJson(BODY_BYTES_MAX));
  for (const route of busiestFirst(routes)) mountRoute(app, route, context);
  refuseOtherMethods(app, routes);
  servePage(app, pageDirectory);
  app.use((request: Request) => {
    throw new RollcallError(
      'NOT_FOUND',
      `There is nothing at ${request.path}; /api/schema/ lists what there is`,
    );
  });
  app.use(answerProblem(context));
  return app;
}

/** Express asks one route after the other: what a whole campus asks for in the same minute comes before what an office does. */
function busiestFirst(routes: readonly Route[]): Route[] {
  const isBusy = ({ contract: { rate, params } }: Route): boolean =>
    params === undefined && (rate === 'qr_scan' || rate === 'statistics');
  return [...routes.filter(isBusy), ...routes.filter((route) => !isBusy(route))];
}

function observe({ metrics, clock }: HttpContext) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startMs = clock.monoMs();
    response.once('close', () => {
      const route = typeof response.locals['route'] === 'string' ? response.locals['route'] : 'other';
      metrics.request(request.method, route, response.statusCode, (clock.monoMs() - startMs) / 1000);
    });
    next();
  };
}

function answerProblem({ log, refusals }: HttpContext) {
  // Express knows an error handler by its four parameters.
  return async (error: unknown, request: Request, response: Response, _next: NextFunction): Promise<void> => {
    await refusals.note({ error, request, response });
    const problem = problemOf(error);
    if (problem.status >= 500) log.error({ err: error, path: request.path }, 'a request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.status === 401) response.set('WWW-Authenticate', challengeOf(problem.code));
    const seconds = isRollcallError(error) ? error.context['retryAfterSeconds'] : undefined;
    if (typeof seconds === 'number') response.set('Retry-After', String(seconds));
    response.status(problem.status).type(PROBLEM_CONTENT_TYPE).send(JSON.stringify(problem));
  };
}

/** Gateways sign in by HTTP Basic; a browser must not be told so, or it would ask its user for that password. */
const challengeOf = (code: string): string =>
  code === 'UNAUTHENTICATED' ? 'Basic realm="rollcall", charset="UTF-8"' : 'Bearer realm="rollcall"';
