import { inflateSync } from 'node:zlib';

/** A piece of text where it stands, as a reader that copies it gets it. */
export interface PlacedText {
  page: number;
  x: number;
  /** Points from the lower edge. */
  y: number;
  text: string;
}

/** For tests: reads the texts of files that pdfkit wrote, the letters from the embedded fonts' own tables. */
export function readPdf(bytes: Buffer): { pages: number; texts: PlacedText[] } {
  const objects = readObjects(bytes);
  const kids = [...objects.values()].find(({ head }) => head.includes('/Type /Pages'))?.head;
  const pages = [...(/\/Kids \[([^\]]*)\]/.exec(kids ?? '')?.[1] ?? '').matchAll(/(\d+) 0 R/g)];
  const texts = pages.flatMap(([, id = ''], index) => readPage(objects, { id, number: index + 1 }));
  return { pages: pages.length, texts };
}

interface PdfObject {
  head: string;
  stream: string;
}
type Objects = ReadonlyMap<string, PdfObject>;

function readObjects(bytes: Buffer): Objects {
  const source = bytes.toString('latin1');
  const objects = new Map<string, PdfObject>();
  for (const match of source.matchAll(/^(\d+) 0 obj\n([\s\S]*?)\n(?:stream\n|endobj$)/gm)) {
    const [whole, id = '', head = ''] = match;
    const length = Number(/\/Length (\d+)/.exec(head)?.[1] ?? 0);
    const start = match.index + whole.length;
    const raw = bytes.subarray(start, start + length);
    const isStream = whole.endsWith('stream\n');
    const stream = isStream
      ? (head.includes('/FlateDecode') ? inflateSync(raw) : raw).toString('latin1')
      : '';
    objects.set(id, { head, stream });
  }
  return objects;
}

const refOf = (head: string, name: string): string => new RegExp(`/${name} (\\d+) 0 R`).exec(head)?.[1] ?? '';

function readPage(objects: Objects, { id, number }: { id: string; number: number }): PlacedText[] {
  const page = objects.get(id)?.head ?? '';
  const resources = objects.get(refOf(page, 'Resources'))?.head ?? '';
  const content = objects.get(refOf(page, 'Contents'))?.stream ?? '';
  const fonts = new Map(
    [...resources.matchAll(/\/(F\d+) (\d+) 0 R/g)].map(([, name = '', font = '']) => [
      name,
      lettersOf(objects, font),
    ]),
  );
  const texts: PlacedText[] = [];
  let actual: string | undefined;
  for (const [piece] of content.matchAll(/\/Span <<[\s\S]*?>> BDC|EMC|BT[\s\S]*?ET|\/Total Do/g)) {
    if (piece === 'EMC') actual = undefined;
    else if (piece.startsWith('/Span')) actual = actualTextOf(piece);
    else if (piece.startsWith('/Total')) {
      const form = objects.get(refOf(resources, 'Total'))?.stream ?? '';
      texts.push({ page: number, x: 0, y: 0, text: /\((.*)\) Tj/.exec(form)?.[1] ?? '' });
    } else {
      const [, x, y] = /1 0 0 1 (\S+) (\S+) Tm/.exec(piece) ?? [];
      const letters = fonts.get(/\/(F\d+) \S+ Tf/.exec(piece)?.[1] ?? '');
      const glyphs = [...piece.matchAll(/<([0-9a-f]+)>/g)].flatMap(
        ([, hex = '']) => hex.match(/.{4}/g) ?? [],
      );
      const shown = glyphs.map((glyph) => letters?.[Number.parseInt(glyph, 16)] ?? '').join('');
      texts.push({ page: number, x: Number(x), y: Number(y), text: actual ?? shown });
    }
  }
  return texts;
}

/** By glyph number. */
function lettersOf(objects: Objects, font: string): string[] {
  const cmap = objects.get(refOf(objects.get(font)?.head ?? '', 'ToUnicode'))?.stream ?? '';
  const ranges = /beginbfrange\n([\s\S]*?)\nendbfrange/.exec(cmap)?.[1] ?? '';
  return [...ranges.matchAll(/\[([^\]]*)\]/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/<([^>]*)>/g)].map(([, units = '']) =>
      String.fromCharCode(...(units.match(/[0-9a-f]{4}/g) ?? []).map((unit) => Number.parseInt(unit, 16))),
    ),
  );
}

function actualTextOf(span: string): string {
  const literal = /\/ActualText \(([\s\S]*)\)\s*(?:\/\w+ .*)?>> BDC$/.exec(span)?.[1] ?? '';
  const plain = literal.replaceAll(/\\([nrtbf()\\])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
  const bytes = Buffer.from(plain, 'latin1');
  return bytes[0] === 0xfe && bytes[1] === 0xff ? bytes.subarray(2).swap16().toString('utf16le') : plain;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/** The rows of a table as cells of text, the header first, once; a cell of several lines is one text. */
export function rowsOfPdf(texts: readonly PlacedText[], title: string): string[][] {
  const rows: string[][] = [];
  for (const page of new Set(texts.map((piece) => piece.page))) {
    const own = texts.filter((piece) => piece.page === page);
    const begin = own.findIndex(({ text }) => text.startsWith(title));
    if (begin < 0) continue;
    const table = own.slice(begin + 1);
    const headerY = table[0]?.y;
    const edges = table.filter(({ y }) => y === headerY).map(({ x }) => x);
    const found = tableOf(table, edges);
    rows.push(...(rows.length === 0 ? found : found.slice(1)));
  }
  return rows;
}

function tableOf(table: readonly PlacedText[], edges: readonly number[]): string[][] {
  const rows: string[][] = [];
  let before: { column: number; y: number } | undefined;
  for (const { x, y, text } of table) {
    const column = edges.findLastIndex((edge) => x >= edge - 0.01);
    if (column === 0 && before?.column !== 0) rows.push(edges.map(() => ''));
    const row = rows.at(-1) ?? [];
    const isNextLine = before?.column === column && before.y !== y;
    row[column] = `${row[column] ?? ''}${isNextLine ? ' ' : ''}${text}`;
    before = { column, y };
  }
  return rows;
}
