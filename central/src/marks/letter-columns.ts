import { FIRST_VOCABULARY } from '../rules/vocabulary.js';

/**
 * What `letterOf` needs of a record `r` of a class session `s`: the vocabulary of its class, and the letter of the
 * decision that the mark rests on.
 */
export const LETTER_COLUMNS = `coalesce(s.policy->>'mark_vocabulary', '${FIRST_VOCABULARY}') AS vocabulary,
  (SELECT d.letter FROM jsonb_array_elements_text(r.derivation->'decisions') own (id) JOIN decision d ON d.id = own.id::uuid
   WHERE d.mark = r.mark ORDER BY d.ordinal DESC LIMIT 1) AS written_letter`;

export interface LetterRow {
  vocabulary: string;
  written_letter: string | null;
}
