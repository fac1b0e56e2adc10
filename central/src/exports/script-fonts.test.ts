import { describe, expect, it } from 'vitest';
import { printable, runsOf, scriptFonts } from './script-fonts.js';
import type { ShapedFont } from './shaped-font.js';

const fonts = scriptFonts();
/** As the PDF library asks for them, in the order in which they are drawn. */
const glyphsOf = ({ source }: ShapedFont, text: string): number[] =>
  source.layout(text).glyphs.map(({ id }) => id);
const runs = (text: string): string[] =>
  runsOf(text, 'latin', fonts).map(({ font, text: of }) => `${font}:${of}`);

describe('case 154: letters of names in a PDF', () => {
  it.each([
    ['telugu', 'శ్రీనివాస్'],
    ['telugu', 'క్షేత్ర'],
    ['telugu', 'లక్ష్మీ'],
    ['devanagari', 'क्षत्रिय'],
    ['devanagari', 'द्वितीय'],
    ['devanagari', 'हिन्दी'],
  ] as const)('joins conjuncts in %s: %s', (font, name) => {
    const shaped = glyphsOf(fonts[font], name);
    const alone = Array.from(name, (letter) => glyphsOf(fonts[font], letter)[0]);
    expect(shaped).not.toEqual(alone);
    // Glyph 0 is the box for a letter that the font has not.
    expect(shaped).not.toContain(0);
    expect(fonts[font].widthOf(name)).toBeGreaterThan(0);
  });

  it('has fewer glyphs than characters where letters become one', () => {
    expect([...'क्षत्रिय']).toHaveLength(8);
    expect(glyphsOf(fonts.devanagari, 'क्षत्रिय')).toHaveLength(4);
    expect([...'శ్రీ']).toHaveLength(4);
    expect(glyphsOf(fonts.telugu, 'శ్రీ')).toHaveLength(2);
  });

  it('puts the short i of Hindi in front of its consonant', () => {
    const [first] = glyphsOf(fonts.devanagari, 'हि');
    expect(glyphsOf(fonts.devanagari, 'ह')).not.toContain(first);
  });

  it('changes the font with the script, and keeps what scripts share with the name', () => {
    expect(runs('Dr శ్రీనివాస్ రావు (Rao)')).toEqual(['latin:Dr ', 'telugu:శ్రీనివాస్ రావు (', 'latin:Rao)']);
    expect(runs('S. कृष्ण')).toEqual(['latin:S. ', 'devanagari:कृष्ण']);
    expect(runs('हिन्दी తెలుగు')).toEqual(['devanagari:हिन्दी ', 'telugu:తెలుగు']);
    expect(runs('పూర్ణిమ।')).toEqual(['telugu:పూర్ణిమ।']);
  });

  it('shows that a letter is missing where no font has it', () => {
    expect(runs('王 Lee')).toEqual(['latin:\uFFFD Lee']);
    expect(runs('مرحبا')).toEqual(['latin:\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD']);
  });
});

describe('case 154: hostile text in a PDF', () => {
  it.each([
    ['control characters', 'a\u0000b\u0007\r\n\tc\u0085d', 'a b c d'],
    ['what turns the direction', '\u202Eabc\u2066d\u200Fe', 'abcde'],
    ['what cannot be seen', '\uFEFFa\u200Bb\u00ADc', 'abc'],
    ['line and paragraph separators', 'a\u2028b\u2029c', 'a b c'],
    ['half a surrogate pair', 'a\uD800b', 'a\uFFFDb'],
    ['a pile of marks', `q${'\u0301'.repeat(500)}x`, 'q\u0301\u0301\u0301x'],
    ['joiners are kept', 'క్\u200Cష', 'క్\u200Cష'],
  ])('%s', (_what, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('is cut where it is longer than any name', () => {
    expect(printable('x'.repeat(500))).toHaveLength(500);
    expect(printable('x'.repeat(1_000_000))).toHaveLength(2_001);
  });
});
