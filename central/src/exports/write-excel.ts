import type { Writable } from 'node:stream';
import ExcelJS from 'exceljs';
import { type Sheet, type WriteSheets, watermarkText } from './sheet.js';

/** A sheet ends here by the format; what follows goes to the next one. */
const ROWS_PER_SHEET_MAX = 1_048_576;
/** What a printed footer holds, by the format. */
const FOOTER_CHARS_MAX = 200;
/** Title and header come before the rows. */
const ROWS_BEFORE = 2;
/** Rows after which the zip is waited for, so that a slow disk does not fill the memory. */
const ROWS_PER_BREATH = 2_000;

/**
 * An .xlsx file, row by row. Every text is a string cell, which no program runs as a formula; the watermark is in the
 * first row, in the printed footer and in the properties of the file.
 */
export const writeExcel: WriteSheets = async (output, sheets, watermark) => {
  const text = watermarkText(watermark);
  const workbook = new ExcelJS.stream.xlsx.WorkbookWriter({
    stream: output as Writable,
    useStyles: true,
    useSharedStrings: false,
  });
  workbook.creator = 'Rollcall';
  workbook.title = text;
  let rows = 0;
  for (const sheet of sheets) rows += await writeSheet(workbook, sheet, text);
  await workbook.commit();
  return { rows };
};

async function writeSheet(
  workbook: ExcelJS.stream.xlsx.WorkbookWriter,
  sheet: Sheet,
  watermark: string,
): Promise<number> {
  let part = 1;
  let written = 0;
  let worksheet = beginSheet(workbook, sheet, { watermark, name: sheet.title });
  for await (const row of sheet.rows) {
    if (written > 0 && written % (ROWS_PER_SHEET_MAX - ROWS_BEFORE) === 0) {
      worksheet.commit();
      part += 1;
      worksheet = beginSheet(workbook, sheet, { watermark, name: `${sheet.title} ${part}` });
    }
    worksheet.addRow([...row]).commit();
    written += 1;
    if (written % ROWS_PER_BREATH === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  worksheet.commit();
  return written;
}

function beginSheet(
  workbook: ExcelJS.stream.xlsx.WorkbookWriter,
  { columns }: Sheet,
  { watermark, name }: { watermark: string; name: string },
): ExcelJS.Worksheet {
  const worksheet = workbook.addWorksheet(name, {
    views: [{ state: 'frozen', ySplit: ROWS_BEFORE }],
    // In a footer & begins a code.
    headerFooter: { oddFooter: `&L${watermark.slice(0, FOOTER_CHARS_MAX).replaceAll('&', '&&')}&R&P/&N` },
  });
  worksheet.columns = columns.map(({ width }) => ({ width }));
  const title = worksheet.addRow([watermark]);
  title.font = { italic: true };
  title.commit();
  const header = worksheet.addRow(columns.map(({ title: text }) => text));
  header.font = { bold: true };
  header.commit();
  return worksheet;
}
