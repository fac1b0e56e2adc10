import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Cell, Sheet, Watermark, Written } from './sheet.js';
import { readPdf, rowsOfPdf } from './test-pdf.js';
import { writePdf } from './write-pdf.js';

const watermark: Watermark = {
  exportId: '6b0f4f6e-3b0c-4b8e-9d43-9a1fbb7c1a55',
  requestedBy: 'డా. శ్రీనివాస్ (dean)',
  purpose: 'register for <audit> & "review" \\) Tj',
  asOf: '2026-07-31 18:00:00 +05:30',
  asOfMs: Date.parse('2026-07-31T18:00:00+05:30'),
  dates: '2026-07-01 to 2026-07-31',
};
const COLUMNS = [
  { title: 'Roll number', width: 13 },
  { title: 'Name', width: 28 },
  { title: 'Periods', width: 8 },
];

async function* each(rows: readonly (readonly Cell[])[]): AsyncGenerator<readonly Cell[]> {
  yield* rows;
}

const sheetOf = (rows: readonly (readonly Cell[])[]): Sheet => ({
  title: 'Attendance',
  columns: COLUMNS,
  rows: each(rows),
});

async function write(...sheets: Sheet[]): Promise<{ written: Written; bytes: Buffer }> {
  const output = new PassThrough();
  const chunks: Buffer[] = [];
  output.on('data', (chunk: Buffer) => chunks.push(chunk));
  const written = await writePdf(output, sheets, watermark);
  return { written, bytes: Buffer.concat(chunks) };
}

const rowsOf = async (rows: readonly (readonly Cell[])[]): Promise<string[][]> => {
  const { bytes } = await write(sheetOf(rows));
  return rowsOfPdf(readPdf(bytes).texts, 'Attendance').slice(1);
};

const numbered = (count: number): Cell[][] =>
  Array.from({ length: count }, (_, index) => [`R${index}`, `శ్రీనివాస్ ${index}`, index]);

describe('case 154: a PDF export', () => {
  it('names who asked, why and when on each page, which has the header and its number', async () => {
    const { written, bytes } = await write(sheetOf(numbered(200)));
    expect(written).toEqual({ rows: 200 });
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('%PDF-1.7');
    expect(bytes.subarray(-6).toString('latin1')).toBe('%%EOF\n');
    const { pages, texts } = readPdf(bytes);
    expect(pages).toBeGreaterThan(3);
    for (let page = 1; page <= pages; page += 1) {
      const own = texts.filter((piece) => piece.page === page).map(({ text }) => text);
      const whole = own.join('');
      expect(whole).toContain(`as of ${watermark.asOf}, for ${watermark.requestedBy}: ${watermark.purpose}`);
      expect(whole).toContain(`Page ${page} of ${pages}`);
      expect(whole).toContain('Roll numberNamePeriods');
      // And across the page, where no scissors reach.
      expect(whole.startsWith(`${watermark.requestedBy}${watermark.asOf}`)).toBe(true);
    }
    const rows = rowsOfPdf(texts, 'Attendance').slice(1);
    expect(rows).toEqual(numbered(200).map((row) => row.map(String)));
  });

  it('begins each sheet on a page of its own', async () => {
    const { bytes, written } = await write(
      { ...sheetOf(numbered(2)), title: 'Statistics' },
      sheetOf(numbered(3)),
    );
    expect(written).toEqual({ rows: 5 });
    const { pages, texts } = readPdf(bytes);
    expect(pages).toBe(2);
    expect(rowsOfPdf(texts, 'Statistics')).toHaveLength(3);
    expect(rowsOfPdf(texts, 'Attendance')).toHaveLength(4);
  });

  it('is a file with a header where there are no rows', async () => {
    const { bytes, written } = await write(sheetOf([]));
    expect(written).toEqual({ rows: 0 });
    expect(rowsOfPdf(readPdf(bytes).texts, 'Attendance')).toEqual([['Roll number', 'Name', 'Periods']]);
  });

  it('gives names back as they were written when they are copied', async () => {
    const names = [
      'क्षत्रिय द्वितीय',
      'హర్షవర్ధన్ (Harsha) రావు',
      'प्रियंका శ్రీ mixed',
      'Zoë Ńowak',
      "(paren\\) Tj O'Neil",
    ];
    const rows = await rowsOf(names.map((name) => ['R1', name, 1]));
    expect(rows.map(([, name]) => name)).toEqual(names);
  });

  it('is not harmed by hostile names', async () => {
    const rows = await rowsOf([
      ['R1', '\u202Eevil\u0000\r\nrow', null],
      ['R2', 'A'.repeat(500), 1],
      ['R3', 'క్ష్మీ'.repeat(83), 1],
      ['R4', 'مرحبا', 1],
      ['R5', 'W'.repeat(100_000), 1],
      ['R6', ') Tj ET endstream endobj', 1],
      ['R7', '=cmd()', 1],
    ]);
    expect(rows.map(([roll]) => roll)).toEqual(['R1', 'R2', 'R3', 'R4', 'R5', 'R6', 'R7']);
    expect(rows[0]).toEqual(['R1', 'evil row', '']);
    expect(rows[1]?.[1]?.replaceAll(' ', '')).toBe('A'.repeat(500));
    expect(rows[2]?.[1]?.replaceAll(' ', '')).toBe('క్ష్మీ'.repeat(83));
    expect(rows[3]?.[1]).toBe('\uFFFD'.repeat(5));
    expect(rows[4]?.[1]).toMatch(/^W[W ]+…$/);
    expect(rows[5]?.[1]).toBe(') Tj ET endstream endobj');
  });

  it('is the same to the byte for the same rows', async () => {
    const [first, second] = [await write(sheetOf(numbered(5))), await write(sheetOf(numbered(5)))];
    expect(first.bytes.equals(second.bytes)).toBe(true);
  });

  it('asks for rows no faster than a slow disk takes pages', async () => {
    const waiting: (() => void)[] = [];
    let asked = 0;
    async function* counted(): AsyncGenerator<readonly Cell[]> {
      for (const row of numbered(20_000)) {
        asked += 1;
        yield row;
      }
    }
    const disk = new Writable({ write: (_chunk, _encoding, done) => void waiting.push(done) });
    const written = writePdf(disk, [{ title: 'Attendance', columns: COLUMNS, rows: counted() }], watermark);
    let before = -1;
    // Nothing is taken: the rows must come to a halt by themselves.
    for (let quiet = 0; quiet < 50; quiet = asked === before ? quiet + 1 : 0) {
      before = asked;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(20_000);
    disk.destroy(new Error('the disk is full'));
    await expect(written).rejects.toThrow('the disk is full');
  });

  it('fails with the reason of the rows', async () => {
    async function* broken(): AsyncGenerator<readonly Cell[]> {
      yield ['R1', 'one', 1];
      throw new Error('the cursor is gone');
    }
    const output = new PassThrough().resume();
    const sheet = { title: 'Attendance', columns: COLUMNS, rows: broken() };
    await expect(writePdf(output, [sheet], watermark)).rejects.toThrow('the cursor is gone');
  });
});
