import { formatPath } from '@rollcall/protocol/parse';
import type { Key } from './key.js';
import { nearestWord } from './nearest-word.js';
import { type DeviceConfig, type GatewayConfig, SECTIONS } from './schema.js';

export type Origin = 'file' | 'env' | 'default';

export interface ConfigValue {
  value: unknown;
  origin: Origin;
}

/** Everything found in one document; `config` can be used only when there are no problems. */
export interface ParsedDocument {
  config: GatewayConfig;
  /** Effective value and origin of every key, by its path: `uplink.mqtt_url`, `devices[0].port`. */
  values: Map<string, ConfigValue>;
  problems: string[];
  warnings: string[];
}

/** Collects while the tree is walked, so that a person sees every mistake at once. */
export class Findings {
  readonly values = new Map<string, ConfigValue>();
  readonly problems: string[] = [];
  readonly warnings: string[] = [];

  problem(path: readonly PropertyKey[], text: string): void {
    this.problems.push(`${formatPath(path)}: ${text}`);
  }

  value(path: readonly PropertyKey[], value: unknown, origin: Origin): void {
    this.values.set(formatPath(path), { value, origin });
  }
}

export type Group = Record<string, unknown>;

/** A YAML mapping as a plain object; an absent one counts as empty. */
export function asGroup(raw: unknown): Group | undefined {
  if (raw === undefined || raw === null) return {};
  return typeof raw === 'object' && !Array.isArray(raw) ? (raw as Group) : undefined;
}

export interface KeyGroup {
  path: readonly PropertyKey[];
  keys: Record<string, Key>;
  raw: unknown;
  /** Keys that are allowed here but read elsewhere. */
  alsoKnown?: readonly string[];
  /** The text that stands for a key in the environment. */
  override?: (name: string) => { variable: string; text: string } | undefined;
}

/** Reads one group of declared keys into camelCase; everything wrong goes into the findings. */
export function readKeys(group: KeyGroup, findings: Findings): Group {
  const { path, keys, alsoKnown = [] } = group;
  const raw = asGroup(group.raw);
  if (raw === undefined) {
    findings.problem(
      path,
      `must be a group of keys; write "${Object.keys(keys)[0]}: …" and so on, indented below it`,
    );
    return {};
  }
  refuseUnknown(path, raw, [...Object.keys(keys), ...alsoKnown], findings);
  const parsed: Group = {};
  for (const [name, key] of Object.entries(keys)) {
    const override = group.override?.(name);
    const found = pick(raw[name], override?.text, key);
    if (found === undefined) {
      if (key.presence === 'always') findings.problem([...path, name], `is missing; ${advice(name, key)}`);
      continue;
    }
    const result = key.value.safeParse(found.value);
    if (result.success) {
      parsed[camelCase(name)] = result.data;
      findings.value([...path, name], result.data, found.origin);
      continue;
    }
    const where = found.origin === 'env' ? [override?.variable ?? name] : [...path, name];
    const what = result.error.issues[0]?.message ?? 'is wrong';
    findings.problem(
      where,
      `${what}; ${found.origin === 'env' ? `for example ${key.example}` : advice(name, key)}`,
    );
  }
  return parsed;
}

export function refuseUnknown(
  path: readonly PropertyKey[],
  raw: Group,
  known: readonly string[],
  findings: Findings,
): void {
  for (const name of Object.keys(raw)) {
    if (known.includes(name)) continue;
    if (known.includes(`${name}_file`)) {
      findings.problem([...path, name], secretElsewhere(name));
      continue;
    }
    const meant = nearestWord(name, known);
    const hint =
      meant === undefined ? `known here: ${known.join(', ') || 'nothing'}` : `did you mean "${meant}"?`;
    findings.problem([...path, name], `is not a key; ${hint}`);
  }
}

/** What to do about a secret that stands in the configuration; what it is is not repeated. */
export function secretElsewhere(name: string): string {
  return `secrets do not belong in this file; put it into a file of its own (mode 0600) and write "${name}_file: /path/of/that/file"`;
}

/** The environment wins over the file, the file over the default; an empty entry counts as absent. */
function pick(inFile: unknown, inEnv: string | undefined, key: Key): ConfigValue | undefined {
  if (inEnv !== undefined) {
    const isNumber = key.type === 'integer' && /^-?\d+$/.test(inEnv);
    return { value: isNumber ? Number(inEnv) : inEnv, origin: 'env' };
  }
  if (inFile !== undefined && inFile !== null) return { value: inFile, origin: 'file' };
  return key.default === undefined ? undefined : { value: key.default, origin: 'default' };
}

function advice(name: string, key: Key): string {
  return `write for example "${name}: ${key.example}"`;
}

export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

export function variableOf(section: string, name: string): string {
  return `ROLLCALL_${section}_${name}`.toUpperCase();
}

/** Turns a decoded YAML document and the environment into a configuration, or into a list of problems. */
export function parseDocument(
  raw: unknown,
  env: NodeJS.ProcessEnv,
  readDevices: (raw: unknown, findings: Findings) => DeviceConfig[],
): ParsedDocument {
  const findings = new Findings();
  const root = asGroup(raw);
  if (root === undefined) findings.problem([], 'must be groups of keys such as "gateway:" and "uplink:"');
  const groups = root ?? {};
  refuseUnknown([], groups, [...Object.keys(SECTIONS), 'devices'], findings);
  refuseUnknownVariables(env, findings);
  const config: Group = {};
  for (const [section, keys] of Object.entries(SECTIONS)) {
    config[section] = readKeys(
      {
        path: [section],
        keys,
        raw: groups[section],
        override: (name) => {
          const variable = variableOf(section, name);
          const text = env[variable];
          return text === undefined ? undefined : { variable, text };
        },
      },
      findings,
    );
  }
  config['devices'] = readDevices(groups['devices'], findings);
  return {
    config: config as GatewayConfig,
    values: findings.values,
    problems: findings.problems,
    warnings: findings.warnings,
  };
}

/** A misspelled override would silently change nothing, which is worse than a refusal. */
function refuseUnknownVariables(env: NodeJS.ProcessEnv, findings: Findings): void {
  const known = Object.entries(SECTIONS).flatMap(([section, keys]) =>
    Object.keys(keys).map((name) => variableOf(section, name)),
  );
  const prefixes = Object.keys(SECTIONS).map((section) => variableOf(section, ''));
  for (const variable of Object.keys(env)) {
    if (known.includes(variable) || !prefixes.some((prefix) => variable.startsWith(prefix))) continue;
    const meant = nearestWord(
      variable.toLowerCase(),
      known.map((one) => one.toLowerCase()),
    );
    const hint = meant === undefined ? 'see docs/configuration.md' : `did you mean ${meant.toUpperCase()}?`;
    findings.problem([variable], `overrides no key; ${hint}`);
  }
}
