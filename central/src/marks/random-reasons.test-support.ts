import { FLAGS, IGNORE_REASONS, REASONS } from '../rules/reasons.js';

/** What no day of a random campus brings about, or few do, and why. */
const NEVER: Readonly<Record<string, string>> = {
  SESSION_NOT_OPEN:
    'only of a class that was called off and came back, and is not opened again yet: few days have one; `rules/vectors` have it',
  TIME_UNKNOWN: 'a punch that lies in no time is loaded for no class; `rules/vectors` have it',
  AFTER_CLOSE:
    'only a class that a person closed before its end has captures after it, and whether one can be closed depends on when: case 14',
  COUNTED_ELSEWHERE:
    'only while the class that a visit counts for is locked, and what comes before a lock depends on when: cases 18 and 60',
};

/** For tests: everything that the rules say of a mark on some of very many days. */
export const EVERY_REASON: readonly string[] = [REASONS, IGNORE_REASONS, FLAGS]
  .flatMap((words) => Object.keys(words))
  .filter((word) => !(word in NEVER));
