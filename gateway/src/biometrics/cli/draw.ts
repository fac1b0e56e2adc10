import { readFileSync, writeFileSync } from 'node:fs';
import { drawExtraction } from '../draw/picture.js';
import { extract } from '../extract/extract.js';
import { fromPng, toRgbPng } from '../image/png.js';

/** Draws what was seen in an image: people look before they read. */
export function draw(file: string, options: { out: string; dpi?: number }): void {
  const extraction = extract(fromPng(new Uint8Array(readFileSync(file)), options.dpi));
  const picture = drawExtraction(extraction);
  writeFileSync(options.out, toRgbPng(picture.width, picture.height, picture.rgb));
  const { score, reasons } = extraction.quality;
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  const { skeleton, phase } = extraction.template;
  process.stdout.write(`quality ${score}${why}; minutiae ${skeleton.length} and ${phase.length}\n`);
}
