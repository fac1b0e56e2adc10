import { FONT_NAMES, languageOf, type ScriptFonts, scriptFonts } from './script-fonts.js';
import type { Cell, Column } from './sheet.js';
import { type Line, measure, type TextStyle, wrapText } from './wrap-text.js';

/** All lengths are points; y grows downwards. A4 on its side. */
export const PAGE = { width: 841.89, height: 595.28, margin: 24 } as const;
const TEXT: TextStyle = { font: 'latin', size: 6.5 };
const HEADER: TextStyle = { font: 'bold', size: 6.5 };
const TITLE: TextStyle = { font: 'bold', size: 9 };
/** Room for Telugu letters with two consonants below them. */
const LINE_HEIGHT = 9.6;
const ASCENT = 7;
const CELL_PADDING = 1.5;
const TITLE_HEIGHT = 15;
/** Who, why and when: at the foot of each page, beside its number. */
const FOOTER = { lines: 3, numberWidth: 90, gap: 4 } as const;
const FOOTER_TOP = PAGE.height - PAGE.margin - FOOTER.lines * LINE_HEIGHT;
/** Across the page, below the rows, so that a cut-out still tells whose it is. */
const BACKGROUND = { size: 30, degrees: -28, color: '#ececec', leading: 40 } as const;
const RULE = { width: 0.25, color: '#b0b0b0' } as const;
/** Broken texts of one sheet that are kept; the oldest goes first. */
const WRAPPED_KEPT_MAX = 10_000;

interface Box {
  x: number;
  width: number;
}

export interface PageTexts {
  /** Pale, across the page. */
  background: readonly string[];
  footer: string;
}

/** Lays tables out on pages that are handed on as soon as the next one begins. */
export class PdfPages {
  readonly #doc: PDFKit.PDFDocument;
  readonly #texts: PageTexts;
  readonly #fonts: ScriptFonts = scriptFonts();
  /** Drawn on every page and written at the end, when the number is known. */
  readonly #total: PDFKit.PDFKitReference;
  readonly #wrapped = new Map<string, Line[]>();
  #pages = 0;
  #y = 0;
  #title = '';
  #header: Line[][] = [];
  #boxes: Box[] = [];

  constructor(doc: PDFKit.PDFDocument, texts: PageTexts) {
    this.#doc = doc;
    this.#texts = texts;
    // The parameter is the file's bytes or path by its types; the library takes an opened font as well.
    for (const name of FONT_NAMES) doc.registerFont(name, this.#fonts[name].source as never);
    const helvetica = doc.ref({ Type: 'Font', Subtype: 'Type1', BaseFont: 'Helvetica' });
    helvetica.end('');
    this.#total = doc.ref({
      Type: 'XObject',
      Subtype: 'Form',
      BBox: [0, -LINE_HEIGHT, FOOTER.numberWidth, LINE_HEIGHT],
      Resources: { Font: { H: helvetica } },
    });
  }

  beginSheet(title: string, columns: readonly Column[]): void {
    const characters = columns.reduce((sum, { width }) => sum + width, 0);
    const perCharacter = (PAGE.width - 2 * PAGE.margin) / characters;
    let x: number = PAGE.margin;
    this.#boxes = columns.map(({ width }) => {
      const box = { x, width: width * perCharacter };
      x += box.width;
      return box;
    });
    this.#wrapped.clear();
    this.#title = title;
    this.#header = columns.map((column, index) => this.#wrap(column.title, HEADER, index));
    this.#beginPage();
  }

  addRow(cells: readonly Cell[]): void {
    const lines = cells.map((cell, index) => this.#wrap(String(cell ?? ''), TEXT, index));
    const height = heightOf(lines);
    if (this.#y + height > FOOTER_TOP - FOOTER.gap) this.#beginPage();
    lines.forEach((cell, index) => {
      this.#drawCell(cell, index, { isNumber: typeof cells[index] === 'number' });
    });
    this.#y += height;
    this.#rule(RULE.width);
  }

  /** Writes what is known only now; nothing may be drawn after it. */
  end(): void {
    this.#total.end(`BT /H ${TEXT.size} Tf (of ${this.#pages}) Tj ET`);
  }

  #wrap(text: string, style: TextStyle, column: number): Line[] {
    const key = `${column} ${style.font} ${text}`;
    const kept = this.#wrapped.get(key);
    if (kept !== undefined) return kept;
    if (this.#wrapped.size >= WRAPPED_KEPT_MAX) {
      for (const oldest of this.#wrapped.keys()) {
        this.#wrapped.delete(oldest);
        break;
      }
    }
    const body = FOOTER_TOP - FOOTER.gap - (PAGE.margin + TITLE_HEIGHT + heightOf(this.#header));
    const room = {
      width: (this.#boxes[column]?.width ?? 0) - 2 * CELL_PADDING,
      lines: Math.floor((body - 2 * CELL_PADDING) / LINE_HEIGHT),
    };
    const lines = wrapText(text, style, room, this.#fonts);
    this.#wrapped.set(key, lines);
    return lines;
  }

  #beginPage(): void {
    const done = this.#pages === 0 ? undefined : this.#doc.page;
    this.#doc.addPage();
    this.#pages += 1;
    // It is written; the list of pages needs only its number, not all that it refers to.
    if (done !== undefined) done.dictionary.data = { Pattern: undefined, Annots: undefined };
    this.#drawBackground();
    this.#drawFooter();
    this.#drawLine(measure(this.#title, TITLE, this.#fonts), TITLE, {
      x: PAGE.margin,
      y: PAGE.margin + ASCENT,
    });
    this.#y = PAGE.margin + TITLE_HEIGHT;
    this.#header.forEach((cell, index) => {
      this.#drawCell(cell, index, { isNumber: false });
    });
    this.#y += heightOf(this.#header);
    this.#rule(3 * RULE.width);
  }

  #drawBackground(): void {
    const widest = PAGE.width - 6 * PAGE.margin;
    const middle = { x: PAGE.width / 2, y: PAGE.height / 2 };
    this.#doc.save().rotate(BACKGROUND.degrees, { origin: [middle.x, middle.y] });
    this.#doc.fillColor(BACKGROUND.color);
    this.#texts.background.forEach((text, index, all) => {
      const line = measure(text, { font: 'bold', size: 1 }, this.#fonts);
      const size = Math.min(BACKGROUND.size, widest / Math.max(1, line.width));
      const style: TextStyle = { font: 'bold', size };
      const fitting = measure(text, style, this.#fonts);
      const y = middle.y + (index - (all.length - 1) / 2) * BACKGROUND.leading;
      this.#drawLine(fitting, style, { x: middle.x - fitting.width / 2, y });
    });
    this.#doc.restore().fillColor('black');
  }

  #drawFooter(): void {
    const room = {
      width: PAGE.width - 2 * PAGE.margin - FOOTER.numberWidth,
      lines: FOOTER.lines,
    };
    wrapText(this.#texts.footer, TEXT, room, this.#fonts).forEach((line, index) => {
      this.#drawLine(line, TEXT, { x: PAGE.margin, y: FOOTER_TOP + ASCENT + index * LINE_HEIGHT });
    });
    const number = measure(`Page ${this.#pages} `, TEXT, this.#fonts);
    const x = PAGE.width - PAGE.margin - FOOTER.numberWidth / 2;
    const y = FOOTER_TOP + ASCENT;
    this.#drawLine(number, TEXT, { x: x - number.width, y });
    this.#doc.page.xobjects['Total'] = this.#total;
    // The page is mirrored so that y grows downwards; the form is not.
    this.#doc.addContent(`q 1 0 0 -1 ${x.toFixed(2)} ${y.toFixed(2)} cm /Total Do Q`);
  }

  #drawCell(lines: readonly Line[], column: number, { isNumber }: { isNumber: boolean }): void {
    const box = this.#boxes[column];
    if (box === undefined) return;
    lines.forEach((line, index) => {
      const style = lines === this.#header[column] ? HEADER : TEXT;
      const indent = isNumber ? box.width - CELL_PADDING - line.width : CELL_PADDING;
      const y = this.#y + CELL_PADDING + ASCENT + index * LINE_HEIGHT;
      this.#drawLine(line, style, { x: box.x + indent, y });
    });
  }

  /** @param y of the baseline */
  #drawLine({ runs }: Line, { size }: TextStyle, { x, y }: { x: number; y: number }): void {
    const doc = this.#doc;
    let at = x;
    for (const { font, text, width } of runs) {
      // Shaped glyphs are not in the order of the letters: copying, searching and reading aloud need the letters.
      const isShaped = languageOf(font) !== 'en';
      if (isShaped) doc.markContent('Span', { lang: languageOf(font), actual: text });
      doc.font(font).fontSize(size);
      doc.text(text, at, y, { lineBreak: false, baseline: 'alphabetic' });
      if (isShaped) doc.endMarkedContent();
      at += width;
    }
  }

  #rule(width: number): void {
    const { margin } = PAGE;
    this.#doc.lineWidth(width).strokeColor(RULE.color);
    this.#doc
      .moveTo(margin, this.#y)
      .lineTo(PAGE.width - margin, this.#y)
      .stroke();
  }
}

const heightOf = (cells: readonly (readonly Line[])[]): number =>
  Math.max(1, ...cells.map(({ length }) => length)) * LINE_HEIGHT + 2 * CELL_PADDING;
