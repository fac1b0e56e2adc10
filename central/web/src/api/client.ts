import { ApiProblem, NO_ANSWER } from './problem.js';
import type { Page, Problem } from './types.js';

export const API_ROOT = '/api/v1/attendance/';
/** A server that says nothing for so long is shown as an error instead of a spinner for ever. */
const ANSWER_TIMEOUT_MS = 20_000;
/** Enough for the largest roster; a bound all the same, since `next` comes from outside. */
const PAGES_MAX = 20;

export type Query = Readonly<Record<string, string | number | undefined>>;

export async function getJson<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  let response: Response;
  try {
    response = await fetch(API_ROOT + path + searchOf(query), {
      headers: { accept: 'application/json, application/problem+json' },
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiProblem(0, {
      code: NO_ANSWER,
      detail: cause instanceof Error ? cause.message : String(cause),
    });
  }
  if (!response.ok) throw new ApiProblem(response.status, await problemOf(response));
  return (await response.json()) as T;
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
