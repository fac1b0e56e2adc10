import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import PDFDocument from 'pdfkit';
import { PdfPages } from './pdf-pages.js';
import { type WriteSheets, watermarkText } from './sheet.js';

/**
 * A PDF file, page by page, in the letters that people write their names in (domain case 154): each page names who
 * asked for it, why, and the instant whose numbers it shows (domain case 155), and repeats the header. Of a page that
 * is drawn only its entry in the list of pages stays in memory.
 */
export const writePdf: WriteSheets = async (output, sheets, watermark) => {
  const at = new Date(watermark.asOfMs);
  const doc = new PDFDocument({
    size: 'A4',
    layout: 'landscape',
    margin: 0,
    autoFirstPage: false,
    // It would keep every word for ever; the fonts keep those that come again.
    fontLayoutCache: false,
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    // The library puts them into XML as they are: nothing that a person typed.
    info: {
      Title: `Rollcall export ${watermark.exportId}`,
      Creator: 'Rollcall',
      CreationDate: at,
      ModDate: at,
    },
  });
  const isCutOff = new AbortController();
  const sent = pipeline(doc, output as Writable);
  // Whoever waits for a slow disk is told when it is gone; the reason comes from the promise itself, below.
  sent.catch(() => isCutOff.abort());
  const pages = new PdfPages(doc, {
    background: [watermark.requestedBy, watermark.asOf],
    footer: watermarkText(watermark),
  });
  let rows = 0;
  try {
    for (const { title, columns, rows: source } of sheets) {
      pages.beginSheet(`${title}, ${watermark.dates}`, columns);
      for await (const row of source) {
        rows += 1;
        pages.addRow(row);
        await breathe(output as Writable, isCutOff.signal);
      }
    }
    pages.end();
    doc.end();
  } catch (error) {
    doc.destroy(error instanceof Error ? error : new Error(String(error)));
  }
  await sent;
  return { rows };
};

/** Lets others have the processor after each row, and a slow disk hold back the database instead of the memory. */
async function breathe(output: Writable, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
  if (output.writableNeedDrain) await once(output, 'drain', { signal });
}
