import { type FontName, printable, type Run, runsOf, type ScriptFonts } from './script-fonts.js';

/** A run with its width in points. */
export interface MeasuredRun extends Run {
  width: number;
}

export interface Line {
  runs: readonly MeasuredRun[];
  width: number;
}

export interface TextStyle {
  font: FontName;
  /** Points. */
  size: number;
}

export interface Room {
  /** Points. */
  width: number;
  /** At least 1; text that needs more ends in an ellipsis. */
  lines: number;
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Breaks text at spaces, and words that are too long for a line between letters, never within one. */
export function wrapText(text: string, style: TextStyle, room: Room, fonts: ScriptFonts): Line[] {
  const widthOf = (piece: string): number => measure(piece, style, fonts).width;
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (widthOf(longer) <= room.width) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    const parts = splitWord(word, room.width, widthOf);
    line = parts.pop() ?? '';
    lines.push(...parts);
    if (lines.length > room.lines) break;
  }
  lines.push(line);
  if (lines.length > room.lines) {
    lines.length = room.lines;
    lines.push(ellipted(lines.pop() ?? '', room.width, widthOf));
  }
  return lines.map((piece) => measure(piece, style, fonts));
}

export function measure(text: string, { font, size }: TextStyle, fonts: ScriptFonts): Line {
  const runs = runsOf(text, font, fonts).map((run) => ({
    ...run,
    width: fonts[run.font].widthOf(run.text) * size,
  }));
  return { runs, width: runs.reduce((sum, { width }) => sum + width, 0) };
}

function splitWord(word: string, width: number, widthOf: (piece: string) => number): string[] {
  if (widthOf(word) <= width) return [word];
  const parts: string[] = [];
  let part = '';
  for (const { segment } of graphemes.segment(word)) {
    if (part !== '' && widthOf(part + segment) > width) {
      parts.push(part);
      part = '';
    }
    part += segment;
  }
  return [...parts, part];
}

function ellipted(line: string, width: number, widthOf: (piece: string) => number): string {
  const letters = Array.from(graphemes.segment(line), ({ segment }) => segment);
  while (letters.length > 0 && widthOf(`${letters.join('')}…`) > width) letters.pop();
  return `${letters.join('')}…`;
}
