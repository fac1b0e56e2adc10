import * as z from 'zod';
import type { DriverDefinition } from '../drivers/driver.js';
import { drivers } from '../drivers/registry.js';
import { CRASH_POINTS } from '../features/crash-point.js';
import { DEFAULT_CONFIG_FILE } from './default-file.js';
import type { Key } from './key.js';
import { variableOf } from './parse-document.js';
import { DEVICE_KEYS, SECTIONS } from './schema.js';

const APPLIES = {
  live: 'at once',
  device: 'when the device is connected anew',
  restart: 'after a restart',
} as const;

/** docs/configuration.md, made from the declarations so that it cannot lie. */
export function renderConfigDocs(): string {
  return [
    '# Configuration of the gateway',
    '',
    '<!-- Made from gateway/src/config/schema.ts; `npx vitest run --project unit gateway/src/config -u` writes it. -->',
    '',
    `One YAML file, \`${DEFAULT_CONFIG_FILE}\` unless \`--config\` names another. A variable of the environment wins over`,
    'the file. Secrets are never in it: the keys that end in `_file` name files of their own (mode 0600 or 0640).',
    'Unknown keys and wrong values are refused, all at once, each with its path and what to write instead.',
    'The file is read at the start: after a change, `sudo systemctl restart rollcall-gateway`.',
    '`rollcall-gateway config show` prints every value and where it comes from; `rollcall-gateway doctor` tries them.',
    '',
    '```yaml',
    ...exampleLines(),
    '```',
    '',
    ...Object.entries(SECTIONS).flatMap(([section, keys]) => [
      `## ${section}`,
      '',
      ...keyTable(keys, (name) => `\`${variableOf(section, name)}\``),
      '',
    ]),
    '## devices',
    '',
    'A list; each entry is one reader. `options` is a group of keys that its driver declares.',
    '',
    ...keyTable(DEVICE_KEYS, () => '–'),
    '',
    ...drivers.flatMap((driver) => optionTable(driver)),
    '## Environment without a key',
    '',
    ...table(
      ['variable', 'meaning'],
      [
        ['`ROLLCALL_CONFIG`', 'The configuration file, where `--config` is not given.'],
        [
          '`ROLLCALL_CRASH_AT`',
          `A hook for fault tests, never for use: \`<name>\` or \`<name>:<n>\` kills the gateway, as a power cut would, when it passes that point for the n-th time. Names: ${CRASH_POINTS.map((name) => `\`${name}\``).join(', ')}.`,
        ],
      ],
    ),
    '',
  ].join('\n');
}

function exampleLines(): string[] {
  const sections = Object.entries(SECTIONS).flatMap(([section, keys]) => {
    const needed = Object.entries<Key>(keys).filter(
      ([, key]) => key.presence === 'always' && key.default === undefined,
    );
    return needed.length === 0
      ? []
      : [`${section}:`, ...needed.map(([name, key]) => `  ${name}: ${key.example}`)];
  });
  return [
    ...sections,
    'devices:',
    '  - { id: rdm-r101, driver: rdm6300, port: /dev/serial/by-id/…, direction: in, feedback: lights-r101 }',
    '  - { id: lights-r101, driver: line, port: "tcp://10.0.0.7:4001", options: { baud: 9600 } }',
  ];
}

function keyTable(keys: Record<string, Key>, variable: (name: string) => string): string[] {
  return table(
    ['key', 'type', 'default', 'bounds', 'takes effect', 'environment', 'meaning'],
    Object.entries(keys).map(([name, key]) => [
      `\`${name}\``,
      key.type,
      defaultText(key),
      key.bounds === undefined ? '–' : `${key.bounds} ${key.unit ?? ''}`.trim(),
      APPLIES[key.apply],
      variable(name),
      key.secret ? `${key.description} Secret.` : key.description,
    ]),
  );
}

function defaultText(key: Key): string {
  if (key.default !== undefined) return `\`${String(key.default)}\``;
  return key.presence === 'optional' ? 'none' : '**needed**';
}

function optionTable(driver: DriverDefinition<unknown>): string[] {
  const schema = z.toJSONSchema(driver.options, { io: 'input', unrepresentable: 'any' });
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const { description, default: preset } = property as { description?: string; default?: unknown };
    return [`\`${name}\``, preset === undefined ? 'none' : `\`${String(preset)}\``, description ?? ''];
  });
  return [
    `### options of \`${driver.id}\``,
    '',
    `${driver.title}: [readers/${driver.id}.md](readers/${driver.id}.md).`,
    '',
    ...table(['option', 'default', 'meaning'], rows),
    '',
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
