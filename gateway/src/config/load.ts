import { readFileSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';
import { LineCounter, parseDocument as parseYaml } from 'yaml';
import { type ConfigValue, parseDocument } from './parse-document.js';
import { readDevices } from './read-devices.js';
import type { GatewayConfig } from './schema.js';

/** A configuration is a page of text; anything larger is the wrong file. */
const CONFIG_BYTES_MAX = 1024 * 1024;

export interface LoadedConfig {
  config: GatewayConfig;
  /** Effective value and origin of every key, by its path. */
  origins: ReadonlyMap<string, ConfigValue>;
  /** What works today and will hurt later. */
  warnings: readonly string[];
}

export interface LoadConfigOptions {
  file: string;
  env: NodeJS.ProcessEnv;
}

/**
 * Reads the configuration file and the environment.
 *
 * @throws RollcallError `CONFIG_INVALID`, whose message lists every problem, one a line.
 */
export function loadConfig({ file, env }: LoadConfigOptions): LoadedConfig {
  const { config, values, problems, warnings } = parseDocument(
    decodeYaml(readText(file), file),
    env,
    readDevices,
  );
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    const lines = problems.map((problem) => `  ${problem}`).join('\n');
    throw new RollcallError('CONFIG_INVALID', `${file} has ${count}:\n${lines}\n`, {
      context: { file, problems },
    });
  }
  return { config, origins: values, warnings };
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > CONFIG_BYTES_MAX) {
      throw new RollcallError(
        'CONFIG_INVALID',
        `${file} is too large for a configuration; name another file with --config`,
      );
    }
    return bytes.toString('utf8');
  } catch (cause) {
    if (cause instanceof RollcallError) throw cause;
    throw new RollcallError('CONFIG_INVALID', unreadable(file, (cause as NodeJS.ErrnoException).code), {
      cause,
    });
  }
}

function unreadable(file: string, errno: string | undefined): string {
  switch (errno) {
    case 'ENOENT':
      return `There is no configuration at ${file}; write one (docs/configuration.md has an example) or name another with --config`;
    case 'EACCES':
      return `The configuration ${file} may not be read by this user; give it to the group of the service (chgrp rollcall, chmod 640)`;
    case 'EISDIR':
      return `${file} is a folder; name the configuration file itself with --config`;
    default:
      return `The configuration ${file} cannot be read: ${errno ?? 'unknown error'}`;
  }
}

function decodeYaml(text: string, file: string): unknown {
  const lines = new LineCounter();
  const document = parseYaml(text, { lineCounter: lines, prettyErrors: false });
  const problems = document.errors.map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return `  line ${line}, column ${col}: ${error.message}`;
  });
  if (problems.length > 0) {
    throw new RollcallError('CONFIG_INVALID', `${file} is not YAML:\n${problems.join('\n')}\n`, {
      context: { file, problems },
    });
  }
  try {
    return document.toJS();
  } catch (cause) {
    // Aliases that multiply beyond any honest use are refused by the YAML library only here.
    throw new RollcallError('CONFIG_INVALID', `${file} is not YAML that can be used: too many aliases`, {
      cause,
    });
  }
}
