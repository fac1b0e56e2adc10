import { randomUUID } from 'node:crypto';
import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import type { ReadHash } from '@rollcall/protocol/credential-hash';
import { instantOf } from '../calendar/campus-zone.js';
import type { Knex } from '../db/database.js';
import type { CampusFile } from './campus-file.js';

export interface PeopleRequest {
  file: CampusFile;
  /** Keyed hash of one value of a card. */
  hmacHex: (value: string) => string;
  nowMs: number;
}

/**
 * Students, their section memberships and their cards; cards are stored as keyed hashes only.
 *
 * @returns the hashes that had no owner before
 */
export async function storePeople(trx: Knex, request: PeopleRequest): Promise<Buffer[]> {
  const { file } = request;
  if (file.students.length === 0) return [];
  const students = file.students.map(({ roll_number, name, section, member_from }) => ({
    roll_number,
    name,
    section,
    member_from,
  }));
  const input = JSON.stringify(students);
  await trx.raw(STUDENT_SQL, [input]);
  await trx.raw(LEAVE_OTHER_SECTION_SQL, [input]);
  await trx.raw(JOIN_SECTION_SQL, [input]);
  await trx.raw(JOIN_SECTION_SQL, [JSON.stringify(memberships(file))]);
  const hashes = await storeCards(trx, request);
  await trx.raw(QUEUE_NEW_MEMBERS_SQL);
  return hashes;
}

/** Batches and electives, in the form of a section. */
const memberships = ({ students }: CampusFile): object[] =>
  students.flatMap(({ roll_number, name, groups, member_from }) =>
    groups.map((section) => ({ roll_number, name, section, member_from })),
  );

const INPUT_SQL =
  'jsonb_to_recordset(?::jsonb) AS r (roll_number text, name text, section text, member_from date)';

const STUDENT_SQL = `
  INSERT INTO student (roll_number, full_name) SELECT roll_number, name FROM ${INPUT_SQL}
  ON CONFLICT (roll_number) DO UPDATE SET full_name = excluded.full_name WHERE student.full_name <> excluded.full_name`;

/** Somebody who moves leaves the old section the day the new one begins: past classes stay (domain case 61). */
const LEAVE_OTHER_SECTION_SQL = `
  UPDATE roster_membership m SET valid_during = daterange(lower(m.valid_during), r.member_from)
  FROM ${INPUT_SQL} JOIN student st ON st.roll_number = r.roll_number
  WHERE m.student_id = st.id AND m.section_id <> r.section AND m.valid_during @> r.member_from
    AND lower(m.valid_during) < r.member_from
    AND EXISTS (SELECT FROM section g WHERE g.id = m.section_id AND g.kind = 'section')`;

const JOIN_SECTION_SQL = `
  INSERT INTO roster_membership (section_id, student_id, valid_during)
  SELECT r.section, st.id, daterange(r.member_from, NULL)
  FROM ${INPUT_SQL} JOIN student st ON st.roll_number = r.roll_number
  WHERE NOT EXISTS (SELECT FROM roster_membership m WHERE m.student_id = st.id AND m.section_id = r.section
    AND m.valid_during && daterange(r.member_from, NULL))`;

/** Classes that run already get a record for everybody who has just come to their roster. */
const QUEUE_NEW_MEMBERS_SQL = `
  INSERT INTO judgement_todo (session_id, student_id)
  SELECT s.id, m.student_id FROM attendance_session s
    JOIN roster_membership m ON m.section_id = s.section_id AND m.valid_during @> s.scheduled_date
  WHERE s.status IN ('open', 'closed', 'finalized')
    AND NOT EXISTS (SELECT FROM attendance_record r WHERE r.session_id = s.id AND r.student_id = m.student_id)`;

interface Card {
  rollNumber: string;
  read: ReadHash;
  /** Hash of the strongest projection: what makes this card this card. */
  identity: string;
  validFrom: Date;
}

async function storeCards(trx: Knex, { file, hmacHex, nowMs }: PeopleRequest): Promise<Buffer[]> {
  // Thousands of students begin on one day, and finding its midnight takes longer than anything else here.
  const startOf = new Map<string, Date>();
  for (const { member_from } of file.students) {
    if (startOf.has(member_from)) continue;
    startOf.set(member_from, new Date(instantOf(member_from, '00:00', file.campus.zone)));
  }
  const cards = file.students.flatMap(({ roll_number, member_from, cards: texts }) =>
    texts.map((text): Card => {
      const read = hashRead(parseCanonical(text), hmacHex);
      const identity = read.hashes[0]?.hash ?? '';
      const validFrom = startOf.get(member_from) ?? new Date(nowMs);
      return { rollNumber: roll_number, read, identity, validFrom };
    }),
  );
  if (cards.length === 0) return [];
  const held = await findHolders(trx, cards);
  const missing = cards.filter(({ identity, rollNumber }) => held.get(identity)?.rollNumber !== rollNumber);
  const moved = missing.flatMap(({ identity }) => held.get(identity)?.credentialId ?? []);
  if (moved.length > 0) await endCredentials(trx, moved, nowMs);
  // A card that changes hands belongs to its new owner from now on and not before (domain case 93).
  const rows = missing.map((card) => ({
    ...card,
    id: randomUUID(),
    validFrom: held.has(card.identity) ? new Date(nowMs) : card.validFrom,
  }));
  if (rows.length > 0) await insertCredentials(trx, rows);
  return rows.flatMap(({ read }) => read.hashes.map(({ hash }) => Buffer.from(hash, 'hex')));
}

async function findHolders(
  trx: Knex,
  cards: readonly Card[],
): Promise<Map<string, { credentialId: string; rollNumber: string }>> {
  const { rows } = await trx.raw<{ rows: { identity: string; id: string; roll_number: string }[] }>(
    `SELECT DISTINCT encode(h.hash, 'hex') AS identity, c.id, st.roll_number
     FROM unnest(?::text[], ?::text[]) AS card (identity, projection)
       JOIN credential_hash h ON h.hash = decode(card.identity, 'hex') AND h.projection = card.projection
       JOIN credential c ON c.id = h.credential_id AND upper_inf(c.valid_during)
       JOIN student st ON st.id = c.student_id
     WHERE NOT EXISTS (SELECT FROM credential_hash stronger WHERE stronger.credential_id = c.id
       AND card.projection <> 'full' AND stronger.projection = 'full')`,
    [cards.map(({ identity }) => identity), cards.map(({ read }) => read.hashes[0]?.projection ?? 'full')],
  );
  return new Map(rows.map((row) => [row.identity, { credentialId: row.id, rollNumber: row.roll_number }]));
}

async function endCredentials(trx: Knex, ids: readonly string[], nowMs: number): Promise<void> {
  await trx.raw(
    `UPDATE credential SET valid_during = tstzrange(lower(valid_during),
       greatest(?::timestamptz, lower(valid_during) + interval '1 millisecond')) WHERE id = ANY(?::uuid[])`,
    [new Date(nowMs), ids as never],
  );
}

async function insertCredentials(trx: Knex, cards: readonly (Card & { id: string })[]): Promise<void> {
  const credentials = cards.map(({ id, rollNumber, read, validFrom }) => ({
    id,
    roll_number: rollNumber,
    technology: read.technology,
    valid_from: validFrom,
  }));
  const hashes = cards.flatMap(({ id, read }) =>
    read.hashes.map(({ projection, hash }) => ({ credential_id: id, projection, hash })),
  );
  await trx.raw(
    `INSERT INTO credential (id, student_id, technology, valid_during)
     SELECT r.id, st.id, r.technology, tstzrange(r.valid_from, NULL)
     FROM jsonb_to_recordset(?::jsonb) AS r (id uuid, roll_number text, technology text, valid_from timestamptz)
       JOIN student st ON st.roll_number = r.roll_number`,
    [JSON.stringify(credentials)],
  );
  await trx.raw(
    `INSERT INTO credential_hash (credential_id, projection, hash)
     SELECT credential_id, projection, decode(hash, 'hex')
     FROM jsonb_to_recordset(?::jsonb) AS r (credential_id uuid, projection text, hash text)`,
    [JSON.stringify(hashes)],
  );
}
