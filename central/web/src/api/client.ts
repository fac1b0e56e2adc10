import { ApiProblem, NO_ANSWER } from './problem.js';
import type { Page, Problem } from './types.js';

export const API_ROOT = '/api/v1/attendance/';
/** A server that says nothing for so long is shown as an error instead of a spinner for ever. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Enough for the largest roster; a bound all the same, since `next` comes from outside. */
const PAGES_MAX = 20;

export type Query = Readonly<Record<string, string | number | undefined>>;

export interface SendOptions {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

const REFRESH_PATH = '/api/v1/auth/refresh/';
/** Written by central for pages to read; sending it back proves that the page is central's own. */
const CSRF_COOKIE = /(?:^|;\s*)rollcall_csrf=([^;]*)/;

/** One refresh for all requests that met an expired token together: a second one would spend it twice. */
let refreshing: Promise<boolean> | undefined;

export function getJson<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return sendJson<T>('GET', API_ROOT + path, { query, signal });
}

export function postJson<T>(path: string, body: unknown = {}): Promise<T> {
  return sendJson<T>('POST', API_ROOT + path, { body });
}

/**
 * One request, as the account that is signed in. An access token lives for minutes: the first refusal fetches
 * a new one and asks again; if there is none to be had, the refusal is the caller's.
 */
export async function sendJson<T>(method: string, url: string, options: SendOptions = {}): Promise<T> {
  let response = await send(method, url, options);
  if (response.status === 401 && isWorthRefreshing(url)) {
    refreshing ??= refresh().finally(() => {
      refreshing = undefined;
    });
    if (await refreshing) response = await send(method, url, options);
  }
  if (!response.ok) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    throw new ApiProblem(
      response.status,
      await problemOf(response),
      Number.isFinite(seconds) ? seconds : undefined,
    );
  }
  return (await response.json()) as T;
}

const isWorthRefreshing = (url: string): boolean =>
  !['login/', 'refresh/', 'logout/'].some((end) => url.endsWith(end));

async function refresh(): Promise<boolean> {
  try {
    return (await send('POST', REFRESH_PATH, { body: {} })).ok;
  } catch (error) {
    // Central did not answer: nobody was signed out by that.
    if (error instanceof ApiProblem) return false;
    throw error;
  }
}

async function send(
  method: string,
  url: string,
  { query = {}, body, signal }: SendOptions,
): Promise<Response> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const headers: Record<string, string> = { accept: 'application/json, application/problem+json' };
  if (method !== 'GET') headers['x-csrf-token'] = CSRF_COOKIE.exec(document.cookie)?.[1] ?? '';
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(url + searchOf(query), {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiProblem(0, {
      code: NO_ANSWER,
      detail: cause instanceof Error ? cause.message : String(cause),
    });
  }
}

/** All pages of a list, in order. */
export async function getAll<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const page: Page<T> = await getJson(path, { ...query, cursor }, signal);
    all.push(...page.results);
    if (page.next === null) break;
    cursor = page.next;
  }
  return all;
}

function searchOf(query: Query): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) search.set(key, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get('content-type') ?? '';
  if (!type.includes('json')) return { title: response.statusText };
  try {
    return (await response.json()) as Problem;
  } catch (error) {
    // A proxy cut the body: the status alone still says what happened.
    return { title: response.statusText, detail: String(error) };
  }
}
