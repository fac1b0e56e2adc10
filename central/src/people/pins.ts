import { randomInt } from 'node:crypto';
import { PIN_DIGITS, pinText } from '@rollcall/protocol/pin';
import type { Knex } from '../db/database.js';
import {
  auditChange,
  type CredentialActor,
  type CredentialState,
  endAt,
  insertCredential,
  tellGateways,
} from './credentials.js';

/** Digits that people try first. */
const EASY = /^(\d)\1*$|^(?:012345|123456|234567|345678|456789|567890|987654|876543|765432|654321|543210)$/;

export interface IssuedPin {
  id: string;
  pin: string;
}

/**
 * A new PIN for a student from now on (domain case 118); the one before it ends. The digits are made here, so that
 * nobody chooses a birthday, and are returned this once.
 *
 * @param hmacHex the keyed hash of the campus.
 */
export async function issuePin(
  trx: Knex,
  { studentId, hmacHex }: { studentId: string; hmacHex: (text: string) => string },
  actor: CredentialActor,
): Promise<IssuedPin> {
  // Held, so that two who issue at once come one after the other.
  const student = await trx('student')
    .where({ id: studentId })
    .forUpdate()
    .first<{ roll_number: string }>('roll_number');
  const at = new Date(actor.nowMs);
  for (const one of await openPins(trx, studentId))
    await endAt(trx, one, { at, actor, action: 'replace_pin' });
  const pin = drawPin();
  const id = await insertCredential(trx, {
    studentId,
    technology: 'pin',
    state: 'issued',
    from: at,
    hashes: [
      { projection: 'full', hash: Buffer.from(hmacHex(pinText(student?.roll_number ?? '', pin)), 'hex') },
    ],
    actor,
  });
  await auditChange(trx, { id, studentId, action: 'issue_pin', after: { state: 'issued', from: at } }, actor);
  await tellGateways(trx);
  return { id, pin };
}

interface Row {
  id: string;
  state: CredentialState;
  valid_from: Date;
  version: number;
}

async function openPins(trx: Knex, studentId: string) {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT id, state, lower(valid_during) AS valid_from, version FROM credential
     WHERE student_id = ?::uuid AND technology = 'pin' AND upper_inf(valid_during) FOR UPDATE`,
    [studentId],
  );
  return rows.map(({ id, state, valid_from: from, version }) => ({
    id,
    studentId,
    state,
    from,
    until: null,
    version,
  }));
}

function drawPin(): string {
  for (;;) {
    const pin = String(randomInt(10 ** PIN_DIGITS)).padStart(PIN_DIGITS, '0');
    if (!EASY.test(pin)) return pin;
  }
}
