import { RollcallError } from '@rollcall/protocol/errors';
import type * as z from 'zod';
import type { Knex } from '../../db/database.js';
import { type SaidOffset, sayOffset } from '../../devices/say-offset.js';
import type { Pair } from '../../marks/pair.js';
import { judgeAndDescribe, takenBack } from '../../marks/preview-recompute.js';
import { Conditions } from '../conditions.js';
import {
  clockOffsetBody,
  clockOffsetResultSchema,
  clockOffsetSchema,
  clockOffsetsQuery,
  gatewayParams,
} from '../contracts/clock-offsets.js';
import { API, toInstant, toInstantOrNull } from '../contracts/fields.js';
import { decodeCursor, pageFrom, pageOf, timestampText, uuidText } from '../cursor.js';
import { defineRoute } from '../route.js';
import { writeAs } from '../write-as.js';

const TAG = 'Gateways and devices';
/** Marks judged in one call: bounds its transaction. */
const PAIRS_MAX = 20_000;

interface OffsetRow {
  id: string;
  offset_ms: number;
  source: 'heartbeat' | 'person';
  from_at: Date | null;
  until_at: Date | null;
  boot_id: string | null;
  is_current: boolean;
  reason: string;
  set_at: Date;
  set_text: string;
  set_by: string | null;
}

export const listClockOffsets = defineRoute(
  {
    method: 'get',
    path: `${API}/gateways/{id}/clock-offsets/`,
    operationId: 'listClockOffsets',
    tag: TAG,
    summary:
      'How wrong the clock of a gateway was, as heartbeats measured it and people said it, newest first',
    access: 'devices.read',
    params: gatewayParams,
    query: clockOffsetsQuery,
    reply: { schema: pageOf(clockOffsetSchema) },
    errors: ['NOT_FOUND'],
  },
  async ({ params, query }, { db }) => {
    const gateway = await db.knex('gateway').where({ id: params.id }).first('id');
    if (gateway === undefined) throw new RollcallError('NOT_FOUND', `There is no gateway ${params.id}`);
    const conditions = new Conditions().equal('o.gateway_id', params.id);
    const position = decodeCursor(query.cursor, [timestampText, uuidText]);
    if (position !== undefined) conditions.add('(o.set_at, o.id) < (?::timestamptz, ?::uuid)', ...position);
    const { rows } = await db.knex.raw<{ rows: OffsetRow[] }>(
      `SELECT o.id, o.offset_ms, o.source, o.boot_id, o.reason, o.set_at, o.set_at::text AS set_text, o.set_by,
         lower(o.during) AS from_at, upper(o.during) AS until_at,
         CASE WHEN o.boot_id IS NULL THEN upper_inf(o.during)
           ELSE o.until_mono_ms IS NULL AND o.boot_id = g.boot_id END AS is_current
       FROM gateway_clock_offset o JOIN gateway g ON g.id = o.gateway_id
       WHERE ${conditions.where} ORDER BY o.set_at DESC, o.id DESC LIMIT ?`,
      [...conditions.bindings, query.limit + 1] as never,
    );
    return {
      body: pageFrom(rows, query.limit, { item: toOffset, position: (row) => [row.set_text, row.id] }),
    };
  },
);

export const correctClock = defineRoute(
  {
    method: 'post',
    path: `${API}/gateways/{id}/clock-offsets/`,
    operationId: 'correctClock',
    tag: TAG,
    summary: 'Says how wrong a clock was: first which marks would change, then with apply',
    access: 'clocks.write',
    params: gatewayParams,
    body: clockOffsetBody,
    reply: { schema: clockOffsetResultSchema },
    errors: ['NOT_FOUND'],
  },
  async (input, { db, clock }) => {
    const { params, body, principal } = input;
    const nowMs = clock.wallMs();
    const said: SaidOffset = {
      gatewayId: params.id,
      from: new Date(body.from),
      until: body.until === null ? null : new Date(body.until),
      offsetMs: body.offset_ms,
      reason: body.reason,
      accountId: principal.accountId,
      nowMs,
    };
    refuseEmpty(said);
    const correct = async (trx: Knex) => {
      const { changed, pairs } = await sayOffset(trx, said);
      return {
        punches: changed,
        ...(await judgeAndDescribe(trx, { pairs: bounded(pairs), nowMs })),
      };
    };
    const result = body.apply ? await writeAs(db.knex, input, correct) : await takenBack(db.knex, correct);
    return { body: { applied: body.apply, ...result } };
  },
);

function refuseEmpty({ from, until }: SaidOffset): void {
  if (until === null || from < until) return;
  throw new RollcallError('REQUEST_INVALID', 'until: must be later than from');
}

function bounded(pairs: readonly Pair[]): readonly Pair[] {
  if (pairs.length <= PAIRS_MAX) return pairs;
  throw new RollcallError(
    'REQUEST_INVALID',
    `from: this time concerns more than ${PAIRS_MAX} marks; correct it in shorter pieces`,
  );
}

function toOffset(row: OffsetRow): z.infer<typeof clockOffsetSchema> {
  const { from_at, until_at, set_text: _, ...rest } = row;
  return {
    ...rest,
    from: toInstantOrNull(from_at),
    until: toInstantOrNull(until_at),
    set_at: toInstant(row.set_at),
  };
}
