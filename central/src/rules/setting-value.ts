import { isSettingKey, SETTING_KEYS, type SettingKey, specOf } from './setting-keys.js';

const WHOLE_NUMBER = /^-?\d{1,9}$/;

export type SettingValue = number | boolean | string;

/** What a text means for a key, or what is wrong with it in words that say what to write instead. */
export type ReadValue = { ok: true; value: SettingValue } | { ok: false; problem: string };

/** A value that cannot be used is never replaced by another silently (domain A1.1). */
export function readSettingValue(key: SettingKey, text: string): ReadValue {
  const spec = specOf(key);
  if (spec.type === 'boolean') {
    if (text === 'true' || text === 'false') return { ok: true, value: text === 'true' };
    return wrong(key, text, 'true or false');
  }
  if (spec.type === 'integer') {
    const value = WHOLE_NUMBER.test(text) ? Number(text) : Number.NaN;
    if (value >= spec.min && value <= spec.max) return { ok: true, value };
    return wrong(key, text, `a whole number of ${spec.unit} from ${spec.min} to ${spec.max}`);
  }
  const looksGood = spec.choices?.includes(text) ?? spec.pattern?.test(text) ?? false;
  const isGood = looksGood && (spec.isPossible?.(text) ?? true);
  return isGood ? { ok: true, value: text } : wrong(key, text, spec.form);
}

function wrong(key: SettingKey, text: string, form: string): ReadValue {
  return { ok: false, problem: `${key} cannot be "${text}"; write ${form}` };
}

/** Why nothing reads this key, and which ones are read. */
export function unknownKeyProblem(keys: readonly string[]): string | undefined {
  const unknown = [...new Set(keys.filter((key) => !isSettingKey(key)))];
  if (unknown.length === 0) return undefined;
  return `${unknown.join(', ')}, which nothing reads. Correct the key to one of ${SETTING_KEYS.join(', ')}`;
}
