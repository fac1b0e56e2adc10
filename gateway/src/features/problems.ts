import type { ErrorCode, RollcallError } from '@rollcall/protocol/errors';
import type { Health } from '@rollcall/protocol/health';

export type ProblemLevel = Exclude<Health['level'], 'ok'>;

/** What is wrong right now, as health tells it. Each part reports and takes back its own codes. */
export class Problems {
  readonly #levels = new Map<ErrorCode, ProblemLevel>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  set(code: ErrorCode, level: ProblemLevel, isPresent = true): void {
    if (this.#levels.get(code) === (isPresent ? level : undefined)) return;
    if (isPresent) this.#levels.set(code, level);
    else this.#levels.delete(code);
    this.#onChange();
  }

  /** Follows a part that has at most one of `codes` at a time. */
  follow(codes: readonly ErrorCode[], level: ProblemLevel): (problem: RollcallError | undefined) => void {
    return (problem) => {
      for (const code of codes) this.set(code, level, code === problem?.code);
    };
  }

  get level(): Health['level'] {
    const levels = [...this.#levels.values()];
    if (levels.includes('critical')) return 'critical';
    return levels.length > 0 ? 'degraded' : 'ok';
  }

  /** Worst first. */
  get codes(): ErrorCode[] {
    const of = (level: ProblemLevel) =>
      [...this.#levels].filter(([, its]) => its === level).map(([code]) => code);
    return [...of('critical'), ...of('degraded')];
  }
}
