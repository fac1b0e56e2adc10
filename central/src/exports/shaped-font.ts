import { readFileSync } from 'node:fs';
import { create, type Font } from 'fontkit';
import { Blob, Face, Buffer as ShapingBuffer, Font as ShapingFont, shape } from 'harfbuzzjs';

/**
 * Shaped pieces of text that each font keeps, about 1 KB each; the oldest goes first. Titles and faculty come again in
 * every row, dates and numbers on every page.
 */
const SHAPES_KEPT_MAX = 2_000;

/** In units of the font. */
interface PlacedGlyph {
  id: number;
  advanceWidth: number;
  codePoints: number[];
  xAdvance: number;
  xOffset: number;
  yOffset: number;
}

interface Shape {
  glyphs: readonly PlacedGlyph[];
  advanceWidth: number;
}

/** What the PDF library asks a font for; it scales the positions in place, so each call has its own. */
interface GlyphRun {
  glyphs: { id: number; advanceWidth: number; codePoints: number[] }[];
  positions: { xAdvance: number; yAdvance: number; xOffset: number; yOffset: number }[];
  advanceWidth: number;
}

/**
 * A font for the PDF library whose text is shaped by HarfBuzz. fontkit, which reads and subsets the file, has a shaper
 * of its own, but it fails on the mark anchors of Telugu fonts.
 */
export class ShapedFont {
  /** To be given to the PDF library. */
  readonly source: Font;
  readonly #shapingFont: ShapingFont;
  readonly #language: string;
  readonly #buffer = new ShapingBuffer();
  readonly #covered: ReadonlySet<number>;
  readonly #kept = new Map<string, Shape>();

  /**
   * @param path of a TrueType file
   * @param language BCP 47; never that of the machine, which would change letter forms
   */
  constructor(path: string, language: string) {
    const bytes = readFileSync(path);
    const font = create(bytes) as Font;
    this.source = Object.assign(font, { layout: (text: string) => this.#layout(text) as never });
    this.#shapingFont = new ShapingFont(new Face(new Blob(bytes)));
    this.#language = language;
    this.#covered = new Set(font.characterSet);
  }

  covers(codePoint: number): boolean {
    return this.#covered.has(codePoint);
  }

  /** @returns in parts of the font size */
  widthOf(text: string): number {
    return this.#shaped(text).advanceWidth / this.source.unitsPerEm;
  }

  #layout(text: string): GlyphRun {
    const { glyphs, advanceWidth } = this.#shaped(text);
    return {
      glyphs: glyphs.map(({ id, advanceWidth: width, codePoints }) => ({
        id,
        advanceWidth: width,
        codePoints,
      })),
      positions: glyphs.map(({ xAdvance, xOffset, yOffset }) => ({
        xAdvance,
        yAdvance: 0,
        xOffset,
        yOffset,
      })),
      advanceWidth,
    };
  }

  #shaped(text: string): Shape {
    const kept = this.#kept.get(text);
    if (kept !== undefined) return kept;
    if (this.#kept.size >= SHAPES_KEPT_MAX) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest);
        break;
      }
    }
    const made = this.#shape(text);
    this.#kept.set(text, made);
    return made;
  }

  #shape(text: string): Shape {
    const buffer = this.#buffer;
    buffer.reset();
    buffer.addText(text);
    buffer.guessSegmentProperties();
    buffer.setLanguage(this.#language);
    shape(this.#shapingFont, buffer);
    const infos = buffer.getGlyphInfos();
    const positions = buffer.getGlyphPositions();
    const starts = [...new Set(infos.map(({ cluster }) => cluster))].sort((a, b) => a - b);
    const told = new Set<number>();
    let advanceWidth = 0;
    const glyphs = infos.map(({ codepoint: id, cluster }, index): PlacedGlyph => {
      const { xAdvance, xOffset, yOffset } = positions[index] ?? { xAdvance: 0, xOffset: 0, yOffset: 0 };
      advanceWidth += xAdvance;
      // The first glyph of a cluster stands for its characters when text is copied out of the file.
      const end = starts[starts.indexOf(cluster) + 1] ?? text.length;
      const letters = told.has(cluster) ? '' : text.slice(cluster, end);
      told.add(cluster);
      const codePoints = Array.from(letters, (letter) => letter.codePointAt(0) ?? 0);
      const { advanceWidth: own } = this.source.getGlyph(id);
      return { id, advanceWidth: own, codePoints, xAdvance, xOffset, yOffset };
    });
    return { glyphs, advanceWidth };
  }
}
