import type { Knex } from '../db/database.js';
import { evidenceOf, PUNCH_INPUT, punchColumns } from './punch-columns.js';
import {
  type AnchorRow,
  type EventRow,
  type GoodRow,
  IDENTITY_UNNEST,
  identityBindings,
  keyOf,
  type PunchRow,
} from './verified-batch.js';

export interface Sorted {
  /** Never seen, or declared lost and found after all. */
  fresh: GoodRow[];
  /** Another content than the row that was kept under this identity (domain case 78). */
  conflicting: GoodRow[];
}

interface Located {
  n: number;
  place: GoodRow['kind'] | 'quarantine' | null;
}

/** Divides rows into new ones, repetitions (which need nothing), and contradictions of what is stored. */
export function sortBySettled(trx: Knex, rows: readonly GoodRow[]): Promise<Sorted> {
  return sortBy(trx, rows, []);
}

/** The same for rows that are in quarantine under their own identity: only evidence makes one of them old. */
export function sortByEvidence(trx: Knex, rows: readonly GoodRow[]): Promise<Sorted> {
  return sortBy(trx, rows, ['quarantine']);
}

async function sortBy(
  trx: Knex,
  rows: readonly GoodRow[],
  freshPlaces: readonly Located['place'][],
): Promise<Sorted> {
  if (rows.length === 0) return { fresh: [], conflicting: [] };
  const located = await locate(trx, rows);
  const fresh: GoodRow[] = [];
  const conflicting: GoodRow[] = [];
  const repeated: GoodRow[] = [];
  rows.forEach((row, index) => {
    const place = located.get(index);
    if (place === undefined || place === null || freshPlaces.includes(place)) fresh.push(row);
    else if (place === row.kind) repeated.push(row);
    else if (place !== 'quarantine') conflicting.push(row);
  });
  conflicting.push(...(await findChanged(trx, repeated)));
  return { fresh, conflicting };
}

/** Where the settled ones among the rows are kept; a row that is not in the map is not settled. */
async function locate(trx: Knex, rows: readonly GoodRow[]): Promise<Map<number, Located['place']>> {
  const settled = await trx.raw<{ rows: { n: number }[] }>(
    `SELECT i.n::int - 1 AS n
     FROM ${IDENTITY_UNNEST} WITH ORDINALITY AS i(gateway_id, store_id, seq, n)
     JOIN gateway_store g ON g.gateway_id = i.gateway_id AND g.store_id = i.store_id AND g.settled @> i.seq`,
    identityBindings(rows),
  );
  // As a rule nothing is: the search below asks the partition of every month.
  if (settled.rows.length === 0) return new Map();
  const indices = settled.rows.map(({ n }) => n);
  const result = await trx.raw<{ rows: Located[] }>(
    PLACES,
    identityBindings(indices.flatMap((n) => rows[n] ?? [])),
  );
  return new Map(result.rows.map(({ n, place }) => [indices[n] ?? -1, place]));
}

const PLACES = `
  SELECT i.n::int - 1 AS n,
    CASE WHEN p.is_there THEN 'punch' WHEN a.seq IS NOT NULL THEN 'anchor'
         WHEN e.seq IS NOT NULL THEN 'event' WHEN q.seq IS NOT NULL THEN 'quarantine' END AS place
  FROM ${IDENTITY_UNNEST} WITH ORDINALITY AS i(gateway_id, store_id, seq, n)
  LEFT JOIN LATERAL (
    SELECT true AS is_there FROM punch
    WHERE gateway_id = i.gateway_id AND store_id = i.store_id AND seq = i.seq LIMIT 1
  ) p ON true
  LEFT JOIN clock_anchor a USING (gateway_id, store_id, seq)
  LEFT JOIN gateway_event e USING (gateway_id, store_id, seq)
  LEFT JOIN quarantine_row q USING (gateway_id, store_id, seq)`;

async function findChanged(trx: Knex, rows: readonly GoodRow[]): Promise<GoodRow[]> {
  const punches = rows.filter((row): row is PunchRow => row.kind === 'punch');
  const anchors = rows.filter((row): row is AnchorRow => row.kind === 'anchor');
  const events = rows.filter((row): row is EventRow => row.kind === 'event');
  return [
    ...(await pick(trx, punches, PUNCHES_CHANGED, punchColumns(punches))),
    ...(await pick(trx, anchors, ANCHORS_CHANGED, [
      ...identityBindings(anchors),
      anchors.map(({ row }) => row.boot_id),
      anchors.map(({ row }) => row.mono_ms),
      anchors.map(({ row }) => row.occurred_at),
      anchors.map(({ row }) => row.clock_state),
      anchors.map(({ row }) => row.source),
    ])),
    ...(await pick(trx, events, EVENTS_CHANGED, [
      ...identityBindings(events),
      events.map(({ row }) => row.occurred_at),
      events.map(({ row }) => JSON.stringify(row.detail)),
    ])),
  ];
}

const SELECTED = 'i.gateway_id AS "gatewayId", i.store_id AS "storeId", i.seq';

const PUNCHES_CHANGED = `
  SELECT ${SELECTED} FROM (${PUNCH_INPUT}) i CROSS JOIN LATERAL (
    SELECT * FROM punch p
    WHERE p.gateway_id = i.gateway_id AND p.store_id = i.store_id AND p.seq = i.seq OFFSET 0
  ) p
  WHERE (${evidenceOf('p')}) IS DISTINCT FROM (${evidenceOf('i')})`;

const ANCHORS_CHANGED = `
  SELECT ${SELECTED}
  FROM unnest(?::text[], ?::uuid[], ?::bigint[], ?::uuid[], ?::bigint[], ?::timestamptz[], ?::text[], ?::text[])
    AS i(gateway_id, store_id, seq, boot_id, mono_ms, wall_at, clock_state, source)
  JOIN clock_anchor a USING (gateway_id, store_id, seq)
  WHERE (a.boot_id, a.mono_ms, a.wall_at, a.clock_state, a.source)
    IS DISTINCT FROM (i.boot_id, i.mono_ms, i.wall_at, i.clock_state, i.source)`;

const EVENTS_CHANGED = `
  SELECT ${SELECTED}
  FROM unnest(?::text[], ?::uuid[], ?::bigint[], ?::timestamptz[], ?::jsonb[])
    AS i(gateway_id, store_id, seq, occurred_at, detail)
  JOIN gateway_event e USING (gateway_id, store_id, seq)
  WHERE (e.occurred_at, e.detail) IS DISTINCT FROM (i.occurred_at, i.detail)`;

async function pick<Row extends GoodRow>(
  trx: Knex,
  rows: readonly Row[],
  sql: string,
  columns: readonly unknown[],
): Promise<Row[]> {
  if (rows.length === 0) return [];
  const result = await trx.raw<{ rows: { gatewayId: string; storeId: string; seq: number }[] }>(
    sql,
    columns as Knex.RawBinding[],
  );
  const changed = new Set(result.rows.map(keyOf));
  return rows.filter((row) => changed.has(keyOf(row)));
}
