import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { isDate } from '../calendar/campus-zone.js';

export const PAGE_ROWS_MAX = 500;
const PAGE_ROWS_DEFAULT = 100;
/** PostgreSQL has no text with this character. */
export const NUL = '\u0000';

const isPageSize = (text: string): boolean =>
  /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= PAGE_ROWS_MAX;

/** Query parameters of every list. */
export const pageQuery = {
  cursor: z
    .string()
    .max(500)
    .optional()
    .describe('`next` of the page before; opaque. Pages stay put while rows are added'),
  limit: z
    .string()
    .refine(isPageSize, `must be a number from 1 to ${PAGE_ROWS_MAX}`)
    .transform(Number)
    .default(PAGE_ROWS_DEFAULT)
    .describe(`Rows of one page, at most ${PAGE_ROWS_MAX}; ${PAGE_ROWS_DEFAULT} if not given`),
};

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ results: z.array(item), next: z.string().nullable() });

/** Where a page ends: the values of the columns that the list is ordered by. */
export type Position = readonly string[];

export const encodeCursor = (position: Position): string =>
  Buffer.from(JSON.stringify(position), 'utf8').toString('base64url');

/** @throws RollcallError `REQUEST_INVALID` naming `cursor` for anything that this list did not give out */
export function decodeCursor(
  cursor: string | undefined,
  columns: readonly z.ZodType<string>[],
): Position | undefined {
  if (cursor === undefined) return undefined;
  let position: unknown;
  try {
    position = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    // Falls through to the refusal below: text that is no JSON is as wrong as JSON of another shape.
    position = undefined;
  }
  const isOurs =
    Array.isArray(position) &&
    position.length === columns.length &&
    columns.every((column, index) => column.safeParse((position as unknown[])[index]).success);
  if (isOurs) return position as string[];
  throw new RollcallError(
    'REQUEST_INVALID',
    'cursor: must be the `next` of a page of this list; leave it out to begin anew',
  );
}

/** Cuts one row more than asked for into a page and its cursor. */
export function pageFrom<Row, Item>(
  rows: readonly Row[],
  limit: number,
  map: { item: (row: Row) => Item; position: (row: Row) => Position },
): { results: Item[]; next: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(map.position(last)) : null;
  return { results: page.map(map.item), next };
}

/** Timestamps travel in cursors as PostgreSQL writes them: with microseconds, which dates here do not have. */
const TIMESTAMP = /^(?<date>\d{4}-\d{2}-\d{2}) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?\+00$/;
export const timestampText = z
  .string()
  .refine((text) => isDate(TIMESTAMP.exec(text)?.groups?.['date'] ?? ''));
export const uuidText = z.guid();
export const shortText = z
  .string()
  .max(200)
  .refine((text) => !text.includes(NUL));
