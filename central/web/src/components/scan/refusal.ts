import type { TFunction } from 'i18next';
import { ApiProblem } from '../../api/problem.js';

/** Central's own words, since only they say what to do; the two that everybody meets are translated. */
export function wordsOfRefusal(error: Error, t: TFunction): string {
  if (!(error instanceof ApiProblem)) return error.message;
  if (error.code === 'QR_EXPIRED') return t('scan.scanNew');
  if (error.status === 0) return t('error.noAnswer');
  return `${t('scan.failed')}: ${error.message}`;
}
