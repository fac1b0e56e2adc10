import { randomUUID } from 'node:crypto';
import type { ReadHash } from '@rollcall/protocol/credential-hash';
import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../audit/write-audit.js';
import type { Knex } from '../db/database.js';
import { ROSTER_CHANNEL } from '../seed/seed-campus.js';

export const CREDENTIAL_STATES = ['issued', 'blocked', 'lost', 'returned'] as const;
export type CredentialState = (typeof CREDENTIAL_STATES)[number];

/** Whose a card was, and in which state, for a span of time. A change ends one row and begins another. */
export interface Credential {
  id: string;
  studentId: string;
  state: CredentialState;
  from: Date;
  until: Date | null;
  version: number;
}

export interface CredentialActor {
  accountId: string | null;
  nowMs: number;
  reason: string;
}

interface Row {
  id: string;
  student_id: string;
  state: CredentialState;
  valid_from: Date;
  valid_until: Date | null;
  version: number;
}

const COLUMNS =
  'c.id, c.student_id, c.state, lower(c.valid_during) AS valid_from, upper(c.valid_during) AS valid_until, c.version';

const toCredential = (row: Row): Credential => ({
  id: row.id,
  studentId: row.student_id,
  state: row.state,
  from: row.valid_from,
  until: row.valid_until,
  version: row.version,
});

/** Held until the transaction ends. @throws RollcallError `NOT_FOUND` */
export async function holdCredential(trx: Knex, id: string): Promise<Credential> {
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM credential c WHERE c.id = ?::uuid FOR UPDATE`,
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw new RollcallError('NOT_FOUND', `There is no credential ${id}`);
  return toCredential(row);
}

export interface Assignment {
  studentId: string;
  read: ReadHash;
  from: Date;
  /** Takes the card from whoever has it; without it a card in use is refused. */
  isReissue: boolean;
}

export interface Assigned {
  id: string;
  /** Whose card it was until then: what they did with it since is resolved again. */
  formerOwners: string[];
}

/**
 * A card belongs to a student from an instant on and not before; whose it was earlier stays so (domain cases 91, 93).
 *
 * @throws RollcallError `ALREADY_EXISTS` where somebody has the card, or had it after that instant
 */
export async function assignCard(trx: Knex, wanted: Assignment, actor: CredentialActor): Promise<Assigned> {
  const { studentId, read, from, isReissue } = wanted;
  const holders = await holdersOf(trx, read);
  const later = holders.find(({ from: begin, until }) => begin >= from || (until !== null && until > from));
  if (later !== undefined) {
    throw new RollcallError(
      'ALREADY_EXISTS',
      'The card was somebody’s after this time: history never moves. Let it begin later',
    );
  }
  const open = holders.filter(({ until }) => until === null);
  const inUse = open.filter(({ state }) => state === 'issued');
  if (inUse.some((one) => one.studentId === studentId)) {
    throw new RollcallError('ALREADY_EXISTS', 'The student has this card already');
  }
  if (inUse.length > 0 && !isReissue) {
    throw new RollcallError(
      'ALREADY_EXISTS',
      'Another student has this card. If it was handed on, send "reissue": true, and it is theirs no more from then on',
    );
  }
  for (const one of open) await endAt(trx, one, { at: from, actor, action: 'hand_on' });
  const id = await insertCredential(trx, {
    studentId,
    technology: read.technology,
    state: 'issued',
    from,
    hashes: read.hashes.map(({ projection, hash }) => ({ projection, hash: Buffer.from(hash, 'hex') })),
    actor,
  });
  await auditChange(trx, { id, studentId, action: 'assign', after: { state: 'issued', from } }, actor);
  await tellGateways(trx);
  return { id, formerOwners: [...new Set(open.map((one) => one.studentId))] };
}

/**
 * Blocked, lost, returned, or found again: from an instant on. Taps before it stay what they were, and those after
 * it are resolved again (domain case 92).
 *
 * @returns the row that begins then
 * @throws RollcallError `INVALID_TRANSITION`, `REQUEST_INVALID`
 */
export async function changeState(
  trx: Knex,
  { held, state, at }: { held: Credential; state: CredentialState; at: Date },
  actor: CredentialActor,
): Promise<string> {
  if (held.until !== null) {
    throw new RollcallError(
      'INVALID_TRANSITION',
      'This is how the card was; change the state that it has now',
    );
  }
  if (held.state === state || held.state === 'returned') {
    throw new RollcallError(
      'INVALID_TRANSITION',
      held.state === 'returned' ? 'The card was returned: assign it anew' : `The card is ${state} already`,
    );
  }
  if (at <= held.from || at.getTime() > actor.nowMs) {
    throw new RollcallError(
      'REQUEST_INVALID',
      'from: must be after the time from which the card is as it is, and not in the future',
    );
  }
  await endAt(trx, held, { at, actor });
  const { rows } = await trx.raw<{ rows: { technology: string; projection: string; hash: Buffer }[] }>(
    'SELECT c.technology, h.projection, h.hash FROM credential c JOIN credential_hash h ON h.credential_id = c.id WHERE c.id = ?::uuid',
    [held.id],
  );
  const id = await insertCredential(trx, {
    studentId: held.studentId,
    technology: rows[0]?.technology ?? '',
    state,
    from: at,
    hashes: rows,
    actor,
  });
  await auditChange(
    trx,
    {
      id,
      studentId: held.studentId,
      action: state,
      before: { id: held.id, state: held.state, from: held.from },
      after: { state, from: at },
    },
    actor,
  );
  await tellGateways(trx);
  return id;
}

/** Every span of this very card, by its strongest projection; two who assign it at once come one after the other. */
async function holdersOf(trx: Knex, read: ReadHash): Promise<Credential[]> {
  const [strongest] = read.hashes;
  const hash = Buffer.from(strongest?.hash ?? '', 'hex');
  await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [hash.toString('hex')]);
  const { rows } = await trx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM credential c JOIN credential_hash h ON h.credential_id = c.id
     WHERE h.hash = ? AND h.projection = ? AND (h.projection = 'full' OR NOT EXISTS (
       SELECT FROM credential_hash f WHERE f.credential_id = c.id AND f.projection = 'full'))
     FOR UPDATE OF c`,
    [hash, strongest?.projection ?? 'full'],
  );
  return rows.map(toCredential);
}

interface End {
  at: Date;
  actor: CredentialActor;
  /** An audit row of its own; without it the caller writes one. */
  action?: string;
}

export async function endAt(trx: Knex, one: Credential, { at, actor, action }: End): Promise<void> {
  await trx.raw(
    `UPDATE credential SET valid_during = tstzrange(lower(valid_during), ?::timestamptz), version = version + 1,
       updated_at = ? WHERE id = ?::uuid`,
    [at, new Date(actor.nowMs), one.id],
  );
  if (action === undefined) return;
  await auditChange(
    trx,
    {
      id: one.id,
      studentId: one.studentId,
      action,
      before: { state: one.state, from: one.from, until: null },
      after: { state: one.state, from: one.from, until: at },
    },
    actor,
  );
}

export interface NewCredential {
  studentId: string;
  technology: string;
  state: CredentialState;
  from: Date;
  hashes: readonly { projection: string; hash: Buffer }[];
  actor: CredentialActor;
}

export async function insertCredential(trx: Knex, made: NewCredential): Promise<string> {
  const id = randomUUID();
  await trx.raw(
    `INSERT INTO credential (id, student_id, technology, state, state_reason, valid_during, updated_at)
     VALUES (?, ?::uuid, ?, ?, ?, tstzrange(?, NULL), ?)`,
    [
      id,
      made.studentId,
      made.technology,
      made.state,
      made.actor.reason,
      made.from,
      new Date(made.actor.nowMs),
    ],
  );
  await trx('credential_hash').insert(
    made.hashes.map(({ projection, hash }) => ({ credential_id: id, projection, hash })),
  );
  return id;
}

interface AuditedChange {
  id: string;
  studentId: string;
  action: string;
  before?: object;
  after: object;
}

export async function auditChange(trx: Knex, change: AuditedChange, actor: CredentialActor): Promise<void> {
  await writeAudit(trx, [
    {
      at: new Date(actor.nowMs),
      entityType: 'credential',
      entityId: change.id,
      action: change.action,
      performedBy: actor.accountId,
      reason: actor.reason,
      before: change.before ?? null,
      after: change.after,
      studentId: change.studentId,
    },
  ]);
}

export const tellGateways = (trx: Knex): Promise<unknown> =>
  trx.raw("SELECT pg_notify(?, '')", [ROSTER_CHANNEL]);
