import type { Problem } from './types.js';

/** A refusal of central, or the lack of any answer (`code` NO_ANSWER). */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  /** Seconds to wait, where central says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, problem: Problem, retryAfterSeconds?: number) {
    super(problem.detail ?? problem.title ?? `HTTP ${status}`);
    this.status = status;
    this.code = problem.code ?? `HTTP_${status}`;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export const NO_ANSWER = 'NO_ANSWER';

/** 4xx says that this request is wrong: repeating it is useless. */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof ApiProblem) || error.status === 0 || error.status >= 500 || error.status === 429;
}
