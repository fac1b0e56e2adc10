import { RollcallError } from '@rollcall/protocol/errors';
import {
  FIRST_VOCABULARY,
  lettersToWrite,
  readMark,
  type Vocabulary,
  type WrittenMark,
} from '../rules/vocabulary.js';
import type { HeldSession } from '../sessions/session-row.js';

export const vocabularyOf = ({ policy }: Pick<HeldSession, 'policy'>): Vocabulary =>
  policy.mark_vocabulary ?? FIRST_VOCABULARY;

/** @throws RollcallError `REQUEST_INVALID` for a letter that the register of this class does not have (domain case 42) */
export function markOf(session: HeldSession, written: string): WrittenMark {
  const vocabulary = vocabularyOf(session);
  const mark = readMark(vocabulary, written);
  if (mark !== undefined) return mark;
  throw new RollcallError(
    'REQUEST_INVALID',
    `mark: "${written}" is no mark of this class; write ${lettersToWrite(vocabulary)}`,
  );
}
