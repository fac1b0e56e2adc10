import type { CookieOptions, Request, Response } from 'express';

export const ACCESS_COOKIE = 'rollcall_access';
export const REFRESH_COOKIE = 'rollcall_refresh';
/** Readable by the page: sending it back as a header proves that the page is central's own. */
export const CSRF_COOKIE = 'rollcall_csrf';
export const CSRF_HEADER = 'x-csrf-token';
/** The refresh token goes nowhere else. */
const REFRESH_PATH = '/api/v1/auth';

export interface CookieValues {
  accessToken: string;
  accessExpiresMs: number;
  refreshToken: string;
  refreshExpiresMs: number;
  csrfToken: string;
}

export function cookieOf(request: Request, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined && value !== '') return value;
  }
  return undefined;
}

export function setCookies(request: Request, response: Response, values: CookieValues): void {
  const base = optionsFor(request);
  const access = new Date(values.accessExpiresMs);
  const refresh = new Date(values.refreshExpiresMs);
  response.cookie(ACCESS_COOKIE, values.accessToken, { ...base, expires: access });
  response.cookie(REFRESH_COOKIE, values.refreshToken, { ...base, path: REFRESH_PATH, expires: refresh });
  response.cookie(CSRF_COOKIE, values.csrfToken, { ...base, httpOnly: false, expires: refresh });
}

export function clearCookies(request: Request, response: Response): void {
  const base = optionsFor(request);
  response.clearCookie(ACCESS_COOKIE, base);
  response.clearCookie(REFRESH_COOKIE, { ...base, path: REFRESH_PATH });
  response.clearCookie(CSRF_COOKIE, { ...base, httpOnly: false });
}

function optionsFor(request: Request): CookieOptions {
  return { httpOnly: true, sameSite: 'strict', secure: request.secure, path: '/' };
}
