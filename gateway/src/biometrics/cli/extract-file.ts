import { readFileSync, writeFileSync } from 'node:fs';
import type { FingerRecordFormat } from '@rollcall/protocol/finger-record';
import { extract } from '../extract/extract.js';
import { fromPng } from '../image/png.js';
import { QUALITY_ADVICE } from '../quality.js';
import { encodeTemplate } from '../template/record.js';
import { exportTemplate } from '../template/standard-records.js';

export type ExtractFormat = 'rollcall' | FingerRecordFormat;

/** Writes the template of an image and says what the image was worth. */
export function extractFile(
  image: string,
  options: { out: string; format: ExtractFormat; dpi?: number },
): void {
  const { template, quality } = extract(fromPng(new Uint8Array(readFileSync(image)), options.dpi));
  const { format } = options;
  const bytes = format === 'rollcall' ? encodeTemplate(template) : exportTemplate(template, format);
  writeFileSync(options.out, bytes, { mode: 0o600 });
  const { skeleton, phase } = template;
  const advice = quality.reasons.map((reason) => `\n${QUALITY_ADVICE[reason]}`).join('');
  process.stdout.write(
    `quality ${quality.score}; minutiae ${skeleton.length} and ${phase.length}; ${bytes.length} bytes${advice}\n`,
  );
}
