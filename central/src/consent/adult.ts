import { RollcallError } from '@rollcall/protocol/errors';
import type { Knex } from '../db/database.js';
import type { Seal } from '../privacy/seal.js';

const ADULT_YEARS = 18;

/** Both campus-local dates; whoever is born on 29 February comes of age on 1 March. */
export function isAdult(dateOfBirth: string, today: string): boolean {
  const [year = '', ...rest] = dateOfBirth.split('-');
  return `${Number(year) + ADULT_YEARS}-${rest.join('-')}` <= today;
}

export interface PersonOnDay {
  studentId: string;
  /** Campus-local. */
  today: string;
}

/**
 * Whoever is under 18 does not consent to fingerprints alone (domain F1, F3); who has no date of birth here is taken
 * for under 18.
 *
 * @throws RollcallError `GUARDIAN_NEEDED`
 */
export async function requireAdult(knex: Knex, seal: Seal, { studentId, today }: PersonOnDay): Promise<void> {
  const dateOfBirth = await dateOfBirthOf(knex, seal, studentId);
  if (dateOfBirth !== null && isAdult(dateOfBirth, today)) return;
  throw new RollcallError(
    'GUARDIAN_NEEDED',
    dateOfBirth === null
      ? 'The date of birth of this student is not known: enter it, or have a guardian consent'
      : 'The student is under 18: a guardian has to consent',
  );
}

/** Whether the student is known to be of age: from then on nobody consents in the student's place (domain F1, F3). */
export async function isKnownAdult(
  knex: Knex,
  seal: Seal,
  { studentId, today }: PersonOnDay,
): Promise<boolean> {
  const dateOfBirth = await dateOfBirthOf(knex, seal, studentId);
  return dateOfBirth !== null && isAdult(dateOfBirth, today);
}

async function dateOfBirthOf(knex: Knex, seal: Seal, studentId: string): Promise<string | null> {
  const row = await knex('student')
    .where({ id: studentId })
    .first<{ date_of_birth_sealed: Buffer | null } | undefined>('date_of_birth_sealed');
  const sealed = row?.date_of_birth_sealed ?? null;
  if (sealed === null) return null;
  const place = { table: 'student', column: 'date_of_birth_sealed', row: studentId };
  return JSON.parse(seal.openText(sealed, place)) as string;
}
