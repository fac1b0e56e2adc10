import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import { type Cell, type WriteSheets, watermarkText } from './sheet.js';

/** Excel takes a file without it for the code page of the machine, and Telugu names for noise. */
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * RFC 4180 with a comment line in front. A cell that a spreadsheet would run as a formula (`=`, `+`, `-`, `@`, tab,
 * carriage return) is written as text, with an apostrophe in front of it (domain case 154).
 */
export const writeCsv: WriteSheets = async (output, sheets, watermark) => {
  let rows = 0;
  // Line breaks of a purpose would end the comment.
  const comment = `# ${watermarkText(watermark).replaceAll(/\s+/g, ' ')}`;
  async function* records(): AsyncGenerator<readonly Cell[]> {
    for (const { columns, rows: source } of sheets) {
      yield columns.map(({ title }) => title);
      for await (const row of source) {
        rows += 1;
        yield row;
      }
    }
  }
  output.write(`${BYTE_ORDER_MARK}${comment}\r\n`);
  await pipeline(
    Readable.from(records(), { objectMode: true }),
    stringify({ escape_formulas: true, record_delimiter: 'windows' }),
    output,
  );
  return { rows };
};
