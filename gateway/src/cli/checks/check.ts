import type { GatewayConfig } from '../../config/schema.js';

export type Verdict = 'ok' | 'warn' | 'fail';

export interface Finding {
  verdict: Verdict;
  /** What was found. */
  text: string;
  /** What to do about it; present unless all is well. */
  remedy?: string;
}

/** One thing that the doctor looks at. */
export interface Check {
  readonly id: string;
  run(config: GatewayConfig): Promise<Finding[]>;
}

export function ok(text: string): Finding {
  return { verdict: 'ok', text };
}

export function warn(text: string, remedy: string): Finding {
  return { verdict: 'warn', text, remedy };
}

export function fail(text: string, remedy: string): Finding {
  return { verdict: 'fail', text, remedy };
}
