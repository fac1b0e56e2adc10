import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { Seal } from '../privacy/seal.js';

const ADULT_YEARS = 18;

/** Both campus-local dates; whoever is born on 29 February comes of age on 1 March. */
export function isAdult(dateOfBirth: string, today: string): boolean {
  const [year = '', ...rest] = dateOfBirth.split('-');
  return `${Number(year) + ADULT_YEARS}-${rest.join('-')}` <= today;
}

/**
 * Whoever is under 18 does not consent to fingerprints alone (domain F1, F3); who has no date of birth here is taken
 * for under 18.
 *
 * @throws RollcallError `GUARDIAN_NEEDED`
 */
export async function requireAdult(
  knex: Knex,
  seal: Seal,
  { studentId, today }: { studentId: string; today: string },
): Promise<void> {
  const row = await knex('student')
    .where({ id: studentId })
    .first<{ date_of_birth_sealed: Buffer | null } | undefined>('date_of_birth_sealed');
  const sealed = row?.date_of_birth_sealed ?? null;
  const place = { table: 'student', column: 'date_of_birth_sealed', row: studentId };
  if (sealed !== null && isAdult(JSON.parse(seal.openText(sealed, place)) as string, today)) return;
  throw new RollcallError(
    'GUARDIAN_NEEDED',
    sealed === null
      ? 'The date of birth of this student is not known: enter it, or have a guardian consent'
      : 'The student is under 18: a guardian has to consent',
  );
}
