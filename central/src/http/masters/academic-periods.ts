import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import type { Knex } from '../../db/database.js';
import { dateFilter } from '../contracts/fields.js';
import { idKey, masterId, masterName, optionalReference, reference } from './keys.js';
import type { Master, MasterChange } from './master.js';

/** The addresses of the collection's own questions; no period can have them as its id. */
const TAKEN = ['current', 'by-date'];

/** @throws RollcallError `REQUEST_INVALID` */
export function refuseBackwards({ action, next }: MasterChange): void {
  if (action === 'delete' || String(next['starts_on']) < String(next['ends_on'])) return;
  throw new RollcallError('REQUEST_INVALID', 'ends_on: must be after starts_on');
}

/** How long a class is kept goes by its period: none is left outside of it. @throws RollcallError `MASTER_IN_USE` */
async function refuseOutside(trx: Knex, { key, before, next }: MasterChange): Promise<void> {
  const [startsOn, endsOn] = [String(next['starts_on']), String(next['ends_on'])];
  const isNarrower =
    before !== undefined && (startsOn > String(before['starts_on']) || endsOn < String(before['ends_on']));
  if (!isNarrower) return;
  const { rows } = await trx.raw<{ rows: { what: string; date: string }[] }>(
    `SELECT what, date FROM (
       SELECT 'a class' AS what, scheduled_date AS date FROM attendance_session WHERE academic_period_id = :id
       UNION ALL SELECT 'a credit', exam_date FROM attendance_credit WHERE academic_period_id = :id) used
     WHERE date < :startsOn::date OR date > :endsOn::date ORDER BY date LIMIT 1`,
    { id: key['id'] ?? '', startsOn, endsOn },
  );
  const [outside] = rows;
  if (outside === undefined) return;
  throw new RollcallError(
    'MASTER_IN_USE',
    `starts_on and ends_on would leave out ${outside.what} of ${outside.date}; give dates that include it`,
  );
}

/** Domain A1.3. Which one is current is said by `set-current`. */
export const academicPeriods: Master = {
  path: 'academic-periods',
  one: 'academic period',
  many: 'academic periods',
  tag: 'Masters',
  table: 'academic_period',
  key: [
    {
      ...idKey,
      schema: masterId.refine((id) => !TAKEN.includes(id), `must be none of ${TAKEN.join(', ')}`),
    },
  ],
  fields: {
    campus: reference('campus', 'campus_id', { isFixed: true }),
    academic_year: optionalReference('academic_year', 'academic_year_id'),
    name: { column: 'name', schema: masterName },
    semester: {
      column: 'semester',
      schema: z.enum(['odd', 'even', 'summer']).nullable(),
      initial: null,
      isFilter: true,
    },
    starts_on: { column: 'starts_on', schema: dateFilter },
    ends_on: { column: 'ends_on', schema: dateFilter },
    is_current: { column: 'is_current', schema: z.boolean(), isReadOnly: true, isFilter: true },
  },
  read: 'masters.read',
  write: 'masters.write',
  refuse: async (trx, change) => {
    refuseBackwards(change);
    await refuseOutside(trx, change);
    const { next, action } = change;
    const year = next['academic_year'];
    if (action === 'delete' || year === null) return;
    const { rows } = await trx.raw<{ rows: object[] }>(
      'SELECT 1 FROM academic_year WHERE id = ? AND starts_on <= ?::date AND ends_on >= ?::date',
      [year as string, next['starts_on'] as string, next['ends_on'] as string],
    );
    if (rows.length > 0) return;
    throw new RollcallError(
      'REQUEST_INVALID',
      `academic_year: the period does not lie within the year ${String(year)}`,
    );
  },
};
