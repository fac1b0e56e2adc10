import { AUTOMATIC_SETTINGS } from './settings/automatic.js';
import { CAPTURE_SETTINGS } from './settings/captures.js';
import { CODE_SETTINGS } from './settings/codes.js';
import { LATE_EVIDENCE_SETTINGS } from './settings/late-evidence.js';
import { LEAVE_SETTINGS } from './settings/leave.js';
import { READER_SETTINGS } from './settings/readers.js';
import { REPORT_SETTINGS } from './settings/reports.js';
import type { SettingSpec } from './settings/spec.js';

/**
 * Every setting of the college (domain A4, D0): the one place that names them. What is not here is refused,
 * when it is written and when it is read.
 */
export const SETTINGS = {
  ...CAPTURE_SETTINGS,
  ...LATE_EVIDENCE_SETTINGS,
  ...LEAVE_SETTINGS,
  ...CODE_SETTINGS,
  ...READER_SETTINGS,
  ...AUTOMATIC_SETTINGS,
  ...REPORT_SETTINGS,
} as const satisfies Record<string, SettingSpec>;

export type SettingKey = keyof typeof SETTINGS;
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

type ValueOf<S> = S extends { type: 'integer' } ? number : S extends { type: 'boolean' } ? boolean : string;
export type Settings = { -readonly [K in SettingKey]: ValueOf<(typeof SETTINGS)[K]> };

export type StampedKey = {
  [K in SettingKey]: (typeof SETTINGS)[K]['isStamped'] extends true ? K : never;
}[SettingKey];
export const STAMPED_KEYS = SETTING_KEYS.filter((key): key is StampedKey => SETTINGS[key].isStamped);

export const isSettingKey = (text: string): text is SettingKey => Object.hasOwn(SETTINGS, text);

export function specOf(key: SettingKey): SettingSpec {
  return SETTINGS[key];
}

/** What a key is where nobody set it. */
export function defaultOf(key: SettingKey, courseType?: string): number | boolean | string {
  const spec = specOf(key);
  if (spec.type === 'boolean' && courseType !== undefined)
    return spec.defaultFor?.[courseType] ?? spec.default;
  return spec.default;
}
