import * as z from 'zod';

/** When a changed value takes effect. So far the file is read only at the start: everything is `restart`. */
export type Apply = 'live' | 'device' | 'restart';

export interface Key<T = unknown, Presence extends 'always' | 'optional' = 'always' | 'optional'> {
  /** How a person would name the type: `text`, `file`, `integer`, `one of …`, `URL`. */
  readonly type: string;
  readonly value: z.ZodType<T>;
  /** Absent where the person has to decide. */
  readonly default?: T;
  readonly presence: Presence;
  readonly bounds?: string;
  readonly unit?: string;
  readonly description: string;
  /** Something that can be pasted after the key; shown in errors and in the documentation. */
  readonly example: string;
  readonly apply: Apply;
  /** True for a file that holds a secret: `doctor` then checks its mode. The value itself is only a path. */
  readonly secret: boolean;
}

interface Common<T> {
  description: string;
  default?: T;
  example?: string;
  apply?: Apply;
}

type Required<T> = Key<T, 'always'>;

/** The path of a file or folder; absolute, because a daemon has no current folder that a person would know. */
export function file(options: Common<string> & { secret?: boolean }): Required<string> {
  const value = z.string().regex(/^\/[^\0]*$/, 'must be an absolute path, starting with "/"');
  return declare({ type: 'file', value, fallbackExample: '/etc/rollcall/…', options });
}

export function integer(
  options: Common<number> & { min: number; max: number; unit: string },
): Required<number> {
  const { min, max, unit } = options;
  const range = `must be a whole number of ${unit} from ${min} to ${max}, without quotes`;
  const value = z.int(range).min(min, range).max(max, range);
  return {
    ...declare({ type: 'integer', value, fallbackExample: String(min), options }),
    bounds: `${min} to ${max}`,
    unit,
  };
}

export function choice<const T extends string>(options: Common<T> & { values: readonly T[] }): Required<T> {
  const value = z.enum(options.values, `must be one of ${options.values.join(', ')}`) as z.ZodType<T>;
  return declare({
    type: `one of ${options.values.map((one) => `\`${one}\``).join(', ')}`,
    value,
    fallbackExample: options.values[0] ?? '',
    options,
  });
}

/** A URL of one of the given schemes, without a user or password in it: secrets live in files. */
export function url(options: Common<string> & { schemes: readonly string[] }): Required<string> {
  const { schemes } = options;
  const value = z.string(`must be a ${schemes.join(':// or ')}:// address`).superRefine((text, context) => {
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (parsed === undefined || parsed.host === '' || !schemes.includes(parsed.protocol.slice(0, -1))) {
      context.addIssue(`must be a ${schemes.join(':// or ')}:// address`);
    } else if (parsed.username !== '' || parsed.password !== '') {
      context.addIssue('must not contain a user or a password; the password belongs in a file of its own');
    }
  });
  return declare({ type: 'URL', value, fallbackExample: `${schemes[0]}://127.0.0.1`, options });
}

export function text(options: Common<string> & { value: z.ZodType<string> }): Required<string> {
  return declare({ type: 'text', value: options.value, fallbackExample: '…', options });
}

/** The same key, which may be left out. */
export function optional<T>(key: Required<T>): Key<T, 'optional'> {
  return { ...key, presence: 'optional' };
}

function declare<T>(parts: {
  type: string;
  value: z.ZodType<T>;
  fallbackExample: string;
  options: Common<T> & { secret?: boolean };
}): Required<T> {
  const { type, value, options } = parts;
  return {
    type,
    value,
    ...(options.default === undefined ? {} : { default: options.default }),
    presence: 'always',
    description: options.description,
    example:
      options.example ?? (options.default === undefined ? parts.fallbackExample : String(options.default)),
    apply: options.apply ?? 'restart',
    secret: options.secret ?? false,
  };
}
