import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RollcallError } from '@rollcall/protocol/errors';
import express, { type Express } from 'express';

/** The built page; from `src/http` and from `dist/http` alike. */
export const PAGE_DIRECTORY = fileURLToPath(new URL('../../web/dist/', import.meta.url));

/** Where the seed has them. */
const API_DOCS = [
  ['/api/docs', 'swagger.html'],
  ['/api/redoc', 'redoc.html'],
] as const;

const ASSET_MAX_AGE_MS = 365 * 24 * 3_600_000;

/**
 * The files of the page at `/`. Paths that are no file and no interface are views of the page, which finds its
 * way by itself; `/admin/attendance/` is where the seed had its admin.
 */
export function servePage(app: Express, directory: string): void {
  app.get('/admin/attendance', (_request, response) => response.redirect(302, '/'));
  // Built assets have their hash in their name and never change; the page that names them does.
  app.use(
    '/assets',
    express.static(join(directory, 'assets'), {
      immutable: true,
      maxAge: ASSET_MAX_AGE_MS,
      fallthrough: true,
    }),
  );
  for (const [path, file] of API_DOCS) {
    app.get(path, (_request, response, next) => {
      response.set('Cache-Control', 'no-cache').sendFile(join(directory, 'api-docs', file), (error) => {
        if (error !== undefined && error !== null) next(notBuilt(error));
      });
    });
  }
  app.use(express.static(directory, { index: 'index.html', cacheControl: false }));
  app.get(/^\/(?!api\/|assets\/).*$/, (request, response, next) => {
    if (!request.accepts('html')) {
      next();
      return;
    }
    response.set('Cache-Control', 'no-cache').sendFile(join(directory, 'index.html'), (error) => {
      if (error === undefined || error === null) return;
      next(notBuilt(error));
    });
  });
}

const notBuilt = (cause: unknown): RollcallError =>
  new RollcallError('NOT_FOUND', 'The page is not built; run: npm run build', { cause });
