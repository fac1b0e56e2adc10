import { createRequire } from 'node:module';
import { ShapedFont } from './shaped-font.js';

const { resolve } = createRequire(import.meta.url);

const FONT_FILES = {
  latin: { file: 'noto-sans/400Regular/NotoSans_400Regular.ttf', language: 'en' },
  bold: { file: 'noto-sans/700Bold/NotoSans_700Bold.ttf', language: 'en' },
  telugu: { file: 'noto-sans-telugu/400Regular/NotoSansTelugu_400Regular.ttf', language: 'te' },
  devanagari: { file: 'noto-sans-devanagari/400Regular/NotoSansDevanagari_400Regular.ttf', language: 'hi' },
} as const;
export type FontName = keyof typeof FONT_FILES;
export type ScriptFonts = Readonly<Record<FontName, ShapedFont>>;

export const FONT_NAMES = Object.keys(FONT_FILES) as FontName[];

/** Of the letters in it. */
export const languageOf = (name: FontName): string => FONT_FILES[name].language;

/** Scripts with a font of their own. A run has one script: the shaper goes by the first letter of it. */
const SCRIPTS: readonly [FontName, RegExp][] = [
  ['telugu', /^\p{Script=Telugu}$/u],
  ['devanagari', /^\p{Script=Devanagari}$/u],
];
/** Stands for a letter that no font has. */
const REPLACEMENT = '\uFFFD';
/** More belongs to no name; it is cut, and ends in an ellipsis. */
const CHARS_MAX = 2_000;
/** Marks on one letter: nukta, vowel sign and nasal. A pile of them would cover the rows around it. */
const EXCESS_MARKS = /(\p{M}{3})\p{M}+/gu;
/** Joiners shape Indic letters; the other format characters turn or hide text. */
const JOINER = /^[\u200C\u200D]$/u;
const SHARED = /^[\p{Script=Common}\p{Script=Inherited}]$/u;

let opened: ScriptFonts | undefined;

/** Opened once for the process: what the shaper holds is outside of the heap. */
export function scriptFonts(): ScriptFonts {
  opened ??= {
    latin: openFont('latin'),
    bold: openFont('bold'),
    telugu: openFont('telugu'),
    devanagari: openFont('devanagari'),
  };
  return opened;
}

function openFont(name: FontName): ShapedFont {
  const { file, language } = FONT_FILES[name];
  return new ShapedFont(resolve(`@expo-google-fonts/${file}`), language);
}

/** One line without what controls a printer or turns the direction of what stands around it. */
export function printable(text: string): string {
  const plain = text
    .slice(0, CHARS_MAX)
    .replaceAll(/\p{Cs}/gu, REPLACEMENT)
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Z}]+/gu, ' ')
    .replaceAll(/(?![\u200C\u200D])\p{Cf}/gu, '')
    .replaceAll(EXCESS_MARKS, '$1')
    .trim();
  return text.length > CHARS_MAX ? `${plain}…` : plain;
}

/** A piece of a line in one font. */
export interface Run {
  font: FontName;
  text: string;
}

/**
 * Splits printable text where the font changes. Spaces, digits and punctuation stay in the font before them, so that
 * a name is one piece.
 */
export function runsOf(text: string, font: FontName, fonts: ScriptFonts): Run[] {
  const runs: Run[] = [];
  for (const letter of text) {
    const last = runs.at(-1);
    const chosen = fontOf(letter, { wanted: font, before: last?.font }, fonts);
    if (chosen === undefined && JOINER.test(letter)) continue;
    const drawn = chosen === undefined ? REPLACEMENT : letter;
    if (last !== undefined && last.font === (chosen ?? font)) last.text += drawn;
    else runs.push({ font: chosen ?? font, text: drawn });
  }
  return runs;
}

/** Undefined: no font has it. */
function fontOf(
  letter: string,
  { wanted, before }: { wanted: FontName; before: FontName | undefined },
  fonts: ScriptFonts,
): FontName | undefined {
  const codePoint = letter.codePointAt(0) ?? 0;
  if (before !== undefined && fonts[before].covers(codePoint) && SHARED.test(letter)) return before;
  const [own] = SCRIPTS.find(([, script]) => script.test(letter)) ?? [wanted];
  return fonts[own].covers(codePoint) ? own : undefined;
}
