import { DateTime } from 'luxon';
import { visibleAggregates } from '../auth/scope.js';
import {
  campusCompleteThrough,
  type DayRow,
  type HalfDay,
  halfDayRows,
  halvesOf,
  rollUp,
} from '../statistics/half-days.js';
import { type ExportSource, named } from './export-sheets.js';
import { readRows } from './read-rows.js';
import type { Cell, Column, Sheet } from './sheet.js';

const COLUMNS: readonly Column[] = [
  { title: 'Date', width: 11 },
  { title: 'Section', width: 12 },
  { title: 'Roll number', width: 13 },
  { title: 'Name', width: 28 },
  { title: 'FN', width: 8 },
  { title: 'AN', width: 8 },
  { title: 'First seen', width: 10 },
  { title: 'Last seen', width: 10 },
  { title: 'Half days attended', width: 9 },
  { title: 'Half days required', width: 9 },
];

/** As registers of colleges have them. */
const LETTERS: Readonly<Record<HalfDay, string>> = {
  present: 'P',
  absent: 'A',
  pending: 'pending',
  not_required: '',
};

/** The statutory sheet of forenoons and afternoons (domain case 55, E2, E5). */
export function halfDaySheet(source: ExportSource): Sheet {
  return { title: 'FN-AN', columns: COLUMNS, rows: rowsOf(source) };
}

async function* rowsOf({ trx, principal, request, settingsAt, zone }: ExportSource): AsyncGenerator<Cell[]> {
  const scope = visibleAggregates(principal, 'export.create', 'st');
  const filter = named(request, 'g.id', 'st');
  const query = halfDayRows({
    from: request.start_date,
    until: request.end_date,
    zone,
    where: {
      sql: `(${scope.sql}) AND (${filter.sql})`,
      bindings: [...scope.bindings, ...(filter.bindings as string[])],
    },
    limit: null,
  });
  const context = { zone, settingsAt, completeThroughMs: await campusCompleteThrough(trx) };
  const time = (at: Date | null): Cell =>
    at === null ? null : DateTime.fromJSDate(at, { zone }).toFormat('HH:mm:ss');
  for await (const row of readRows<DayRow>(trx, 'export_half_days', query)) {
    const halves = halvesOf(row, context);
    const { attended, required } = rollUp(halves);
    yield [
      row.date,
      row.section_name,
      row.roll_number,
      row.full_name,
      LETTERS[halves.forenoon],
      LETTERS[halves.afternoon],
      time(row.first_seen),
      time(row.last_seen),
      attended,
      required,
    ];
  }
}
