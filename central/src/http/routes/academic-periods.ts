import { RollcallError } from '@rollcall/protocol/errors';
import { writeAudit } from '../../audit/write-audit.js';
import { dateAt } from '../../calendar/campus-zone.js';
import { campusZone } from '../../calendar/generate.js';
import type { Knex } from '../../db/database.js';
import { Conditions } from '../conditions.js';
import {
  academicPeriodParams,
  academicPeriodSchema,
  byDateQuery,
  setCurrentBody,
} from '../contracts/academic-periods.js';
import { API } from '../contracts/fields.js';
import { etagOf, refuseStale } from '../etag.js';
import { academicPeriods } from '../masters/academic-periods.js';
import { type Row, selectRows, toItem } from '../masters/master-rows.js';
import { defineRoute, type HttpContext } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Masters';

interface Caller {
  principal: Parameters<typeof selectRows>[2]['principal'];
}

async function findPeriod(
  knex: Knex,
  { principal }: Caller,
  conditions: Conditions,
): Promise<Row | undefined> {
  // The one that begins last is the narrower one, where periods overlap.
  const [row] = await selectRows(knex, academicPeriods, {
    principal,
    conditions,
    tail: 'ORDER BY t.starts_on DESC, t.id LIMIT 1',
  });
  return row;
}

const during = (date: string): Conditions =>
  new Conditions().add('?::date BETWEEN t.starts_on AND t.ends_on', date);

const answer = ({ capture }: HttpContext, row: Row) => ({
  body: toItem(academicPeriods, capture.seal, row),
  headers: { ETag: etagOf(Number(row['version'])) },
});

export const currentPeriod = defineRoute(
  {
    method: 'get',
    path: `${API}/academic-periods/current/`,
    operationId: 'readCurrentAcademicPeriod',
    tag: TAG,
    summary: 'The period that was made the current one, or else the one that today lies in',
    access: 'masters.read',
    reply: { schema: academicPeriodSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, context) => {
    const { knex } = context.db;
    const zone = await campusZone(knex);
    const chosen = await findPeriod(knex, input, new Conditions().add('t.is_current'));
    const row =
      chosen === undefined && zone !== undefined
        ? await findPeriod(knex, input, during(dateAt(context.clock.wallMs(), zone)))
        : chosen;
    if (row === undefined) throw new RollcallError('NOT_FOUND', 'No academic period is current today');
    return answer(context, row);
  },
);

export const periodByDate = defineRoute(
  {
    method: 'get',
    path: `${API}/academic-periods/by-date/`,
    operationId: 'readAcademicPeriodByDate',
    tag: TAG,
    summary: 'The period that a date lies in',
    access: 'masters.read',
    query: byDateQuery,
    reply: { schema: academicPeriodSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, context) => {
    const row = await findPeriod(context.db.knex, input, during(input.query.date));
    if (row === undefined) {
      throw new RollcallError('NOT_FOUND', `No academic period has the date ${input.query.date}`);
    }
    return answer(context, row);
  },
);

export const setCurrentPeriod = defineRoute(
  {
    method: 'post',
    path: `${API}/academic-periods/{id}/set-current/`,
    operationId: 'setCurrentAcademicPeriod',
    tag: TAG,
    summary: 'Makes a period the current one of its campus; the one before it is current no more',
    access: 'masters.write',
    params: academicPeriodParams,
    body: setCurrentBody,
    headers: { 'If-Match': 'The ETag you read; if it has changed since, the answer is STALE' },
    reply: { schema: academicPeriodSchema },
    errors: ['NOT_FOUND', 'FORBIDDEN', 'STALE'],
  },
  async (input, context) => {
    const { principal, body, request } = input;
    const id = String(input.params['id']);
    const now = new Date(context.clock.wallMs());
    const row = await writeAs(context.db.knex, input, async (trx) => {
      const held = await trx('academic_period')
        .where({ id })
        .forUpdate()
        .first<{ campus_id: string; version: number; is_current: boolean } | undefined>();
      if (held === undefined) throw new RollcallError('NOT_FOUND', `There is no academic period ${id}`);
      refuseStale(held.version, request.headers['if-match'], body.version);
      const change = { version: trx.raw('version + 1'), updated_at: now };
      const [last] = (await trx('academic_period')
        .where({ campus_id: held.campus_id, is_current: true })
        .whereNot({ id })
        .update({ is_current: false, ...change })
        .returning('id')) as { id: string }[];
      if (!held.is_current)
        await trx('academic_period')
          .where({ id })
          .update({ is_current: true, ...change });
      const turned = [...(last === undefined ? [] : [{ id: last.id, to: false }]), { id, to: true }];
      await writeAudit(
        trx,
        turned.map((one) => ({
          at: now,
          entityType: 'academic_period',
          entityId: one.id,
          action: 'set_current',
          performedBy: principal.accountId,
          before: { is_current: one.id === id ? held.is_current : true },
          after: { is_current: one.to },
        })),
      );
      return findPeriod(trx, input, new Conditions().add('t.id = ?', id));
    });
    return answer(context, row as Row);
  },
);
