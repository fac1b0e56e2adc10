import type { Knex } from '../db/database.js';
import type { Clash } from '../sessions/occupy.js';

/** A class takes place all the same: the timetable says so, and a person has to look at it. */
export async function tellClashes(knex: Knex, clashes: readonly Clash[], nowMs: number): Promise<void> {
  if (clashes.length === 0) return;
  await knex.raw(
    `INSERT INTO exception_item (at, code, message, session_id, detail)
     SELECT ?::timestamptz, 'CLASH', 'The timetable gives two classes the same ' || kind || ' at one time', session, detail
     FROM jsonb_to_recordset(?::jsonb) AS c (kind text, session uuid, detail jsonb) ON CONFLICT DO NOTHING`,
    [
      new Date(nowMs),
      JSON.stringify(clashes.map((clash) => ({ kind: clash.kind, session: clash.sessionId, detail: clash }))),
    ],
  );
}
