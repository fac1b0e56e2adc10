import { createTokens, type Tokens } from '@rollcall/central/auth/tokens';
import { systemClock } from '@rollcall/protocol/system-clock';
import type { CentralBench } from './central-bench.js';

/** A class session with who may act in it; tokens are real ones of real sign-ins. */
export interface BenchClass {
  sessionId: string;
  /** Of the class among all of the campus. */
  index: number;
  facultyToken: string;
  students: { rollNumber: string; studentId: string; token: string }[];
}

interface SignedIn {
  person: string;
  account_id: string;
  login_session_id: string;
}

/**
 * Gives every student and every faculty member an account, its role and a sign-in, and collects the classes. The
 * password is left out: a sign-in is measured nowhere, and thousands of argon2id hashes would take minutes.
 */
export async function signInEverybody(bench: CentralBench): Promise<BenchClass[]> {
  const { knex } = bench.own;
  await knex.raw(ACCOUNTS_SQL);
  const tokens = createTokens([bench.tokenKey], systemClock);
  const { rows: signedIn } = await knex.raw<{ rows: SignedIn[] }>(SIGN_IN_SQL);
  const tokenOf = new Map<string, string>();
  for (const row of signedIn) tokenOf.set(row.person, await issue(tokens, row));
  const { rows } = await knex.raw<{
    rows: { id: string; room_id: string; faculty_code: string; students: [string, string][] }[];
  }>(CLASSES_SQL);
  const token = (person: string): string => tokenOf.get(person) ?? '';
  return rows
    .map((row) => ({
      sessionId: row.id,
      index: Number(row.room_id.slice('r-'.length)),
      facultyToken: token(row.faculty_code),
      students: row.students.map(([studentId, rollNumber]) => ({
        rollNumber,
        studentId,
        token: token(studentId),
      })),
    }))
    .sort((left, right) => left.index - right.index);
}

async function issue(tokens: Tokens, { account_id, login_session_id }: SignedIn): Promise<string> {
  const claims = { accountId: account_id, loginSessionId: login_session_id, generation: 0 };
  return (await tokens.issue(claims)).token;
}

const ACCOUNTS_SQL = `
  WITH made AS (
    INSERT INTO account (login, display_name, student_id, faculty_code)
    SELECT lower(roll_number), full_name, id, NULL FROM student
    UNION ALL SELECT lower(code), full_name, NULL, code FROM faculty
    RETURNING id, student_id
  )
  INSERT INTO account_role (account_id, role, valid_from)
  SELECT id, CASE WHEN student_id IS NULL THEN 'faculty' ELSE 'student' END, now() - interval '1 day' FROM made`;

const SIGN_IN_SQL = `
  WITH made AS (
    INSERT INTO login_session (account_id, refresh_sha256, expires_at)
    SELECT id, sha256(id::text::bytea), now() + interval '1 day' FROM account
    RETURNING id, account_id
  )
  SELECT made.id AS login_session_id, a.id AS account_id, coalesce(a.student_id::text, a.faculty_code) AS person
  FROM made JOIN account a ON a.id = made.account_id`;

const CLASSES_SQL = `
  SELECT s.id, s.room_id, s.faculty_code,
    (SELECT json_agg(json_build_array(st.id, st.roll_number) ORDER BY st.roll_number)
     FROM roster_membership m JOIN student st ON st.id = m.student_id
     WHERE m.section_id = s.section_id AND m.valid_during @> s.scheduled_date) AS students
  FROM attendance_session s WHERE now() BETWEEN s.reach_from AND s.reach_until`;
