import type { Knex } from '../db/database.js';

/**
 * No holiday and no day of the calendar is declared, changed or withdrawn until the transaction ends: classes that are made, moved or
 * brought back meanwhile are what the calendar says, and whoever changes it next sees them. Held before classes, as those do who
 * change it (ADR 71). Nobody waits for another one who holds it like this.
 */
export async function holdCalendar(trx: Knex): Promise<void> {
  await trx('facts_epoch').where({ subject: 'holidays' }).forShare().first('subject');
}

/** For whoever changes the calendar. A change of a holiday holds it by itself from then on: its trigger renews the row. */
export async function holdCalendarAlone(trx: Knex): Promise<void> {
  await trx('facts_epoch').where({ subject: 'holidays' }).forNoKeyUpdate().first('subject');
}
