import { loadConfig } from '../config/load.js';

/** Prints every effective value with its origin. Secrets are not in the configuration, only the paths of their files. */
export function configShow(options: { config: string; json?: boolean }): number {
  const { origins, warnings } = loadConfig({ file: options.config, env: process.env });
  const rows = [...origins].map(([key, { value, origin }]) => ({ key, value, origin }));
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  } else {
    const keyWidth = Math.max(...rows.map(({ key }) => key.length));
    for (const { key, value, origin } of rows) {
      process.stdout.write(`${key.padEnd(keyWidth)}  ${origin.padEnd(7)}  ${String(value)}\n`);
    }
  }
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  return 0;
}
