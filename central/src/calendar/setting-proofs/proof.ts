import type { HttpCampus } from '../../marks/http-campus.js';
import type { SettingKey, Settings } from '../../rules/setting-keys.js';

export type SettingPair<K extends SettingKey> = readonly [Settings[K], Settings[K]];

/** Two values of one key, and what each of them makes of the same events. */
export interface SettingProof<K extends SettingKey = SettingKey> {
  values: SettingPair<K> | ((campus: HttpCampus) => SettingPair<K>);
  /** What is seen with the first value and with the second. */
  seen: readonly [unknown, unknown];
  /** Other keys that it needs beside. */
  beside?: Partial<Record<SettingKey, string>>;
  /** Everything that happens; the class is made after the key was set. */
  happen(campus: HttpCampus): Promise<unknown>;
}

export type SettingProofs<K extends SettingKey> = { readonly [Key in K]: SettingProof<Key> };

/** The two values; some are dates of the days at hand. */
export const valuesOf = ({ values }: SettingProof, campus: HttpCampus): SettingPair<SettingKey> =>
  typeof values === 'function' ? values(campus) : values;
