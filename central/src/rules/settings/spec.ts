export const SCOPE_KINDS = ['campus', 'programme', 'course_type'] as const;
export type ScopeKind = (typeof SCOPE_KINDS)[number];

interface Described {
  meaning: string;
  /** Stamped on every class session with its policy: a later change never re-judges a class that was held. */
  isStamped: boolean;
  /** By what it may differ: a scope that nothing asks for would change nothing, and is refused (domain A10.13). */
  scopes: readonly ScopeKind[];
  /** Why not by all of them. */
  whyNotNarrower?: string;
}

export interface IntegerSetting extends Described {
  type: 'integer';
  default: number;
  min: number;
  max: number;
  unit: string;
}

export interface BooleanSetting extends Described {
  type: 'boolean';
  default: boolean;
  /** Types of course that have another default. */
  defaultFor?: Readonly<Record<string, boolean>>;
}

export interface TextSetting extends Described {
  type: 'string';
  default: string;
  /** The only values; where it is absent, `pattern` says what a value looks like. */
  choices?: readonly string[];
  pattern?: RegExp;
  /** Beside the pattern, where a look is not enough. */
  isPossible?: (text: string) => boolean;
  form: string;
}

export type SettingSpec = IntegerSetting | BooleanSetting | TextSetting;

export const minutes = { type: 'integer', unit: 'minutes' } as const;
export const hours = { type: 'integer', unit: 'hours' } as const;
export const seconds = { type: 'integer', unit: 'seconds' } as const;
export const days = { type: 'integer', unit: 'days' } as const;
export const percent = { type: 'integer', unit: 'percent' } as const;
export const flag = { type: 'boolean' } as const;

/** Stamped on the class. */
export const judged = { isStamped: true, scopes: SCOPE_KINDS } as const;
/** Looked up when it counts, for the class at hand. */
export const asked = { isStamped: false, scopes: SCOPE_KINDS } as const;
/** Looked up for a student. */
export const ofProgramme = (why: string) =>
  ({ isStamped: false, scopes: ['campus', 'programme'], whyNotNarrower: why }) as const;
export const ofCampus = (why: string) =>
  ({ isStamped: false, scopes: ['campus'], whyNotNarrower: why }) as const;

/** Whether there is such a day: not the 30th of February. */
export function isCalendarDate(text: string): boolean {
  const atMs = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().slice(0, 10) === text;
}
