import { describe, expect, it } from 'vitest';
import { scriptFonts } from './script-fonts.js';
import { type Line, wrapText } from './wrap-text.js';

const fonts = scriptFonts();
const style = { font: 'latin', size: 10 } as const;
const wrap = (text: string, width: number, lines = 100): Line[] =>
  wrapText(text, style, { width, lines }, fonts);
const textOf = ({ runs }: Line): string => runs.map(({ text }) => text).join('');

describe('text in a cell', () => {
  it('breaks at spaces and is never wider than the cell', () => {
    const lines = wrap('Database Management Systems Laboratory', 100);
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.map(textOf).join(' ')).toBe('Database Management Systems Laboratory');
    for (const { width } of lines) expect(width).toBeLessThanOrEqual(100);
  });

  it('breaks a word without spaces between letters, never within one', () => {
    const name = 'క్ష్మీ'.repeat(90);
    const lines = wrap(name, 100);
    expect(lines.map(textOf).join('')).toBe(name);
    for (const line of lines) {
      expect(line.width).toBeLessThanOrEqual(100);
      expect(textOf(line)).toMatch(/^\p{L}/u);
    }
  });

  it('ends in an ellipsis where there is no more room', () => {
    const lines = wrap('one two three four five six seven eight', 60, 2);
    expect(lines).toHaveLength(2);
    expect(textOf(lines[1] as Line)).toMatch(/…$/);
    expect(lines[1]?.width).toBeLessThanOrEqual(60);
  });

  it('ends where a letter is wider than the cell', () => {
    expect(wrap('WWW', 1).map(textOf)).toEqual(['W', 'W', 'W']);
    expect(wrap('', 50).map(textOf)).toEqual(['']);
  });
});
