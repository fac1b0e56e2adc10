import { hasCode } from '@rollcall/protocol/errors';
import { type LoadedConfig, loadConfig } from '../config/load.js';
import { systemFiles } from '../system/system-files.js';
import type { Check, Finding } from './checks/check.js';
import { clockSync } from './checks/clock-sync.js';
import { systemDeviceHealth } from './checks/devices.js';
import { disk } from './checks/disk.js';
import { groups } from './checks/groups.js';
import { hidLibrary } from './checks/hid-library.js';
import { modemManager } from './checks/modem-manager.js';
import { broker, central } from './checks/network.js';
import { hidPorts, ports, stableNames } from './checks/ports.js';
import { power } from './checks/power.js';
import { secretFiles } from './checks/secret-files.js';
import { udevRules } from './checks/udev-rules.js';

/** A process exit code has eight bits, of which shells keep the upper half for themselves. */
const EXIT_CODE_MAX = 99;

const files = systemFiles();
const CHECKS: readonly Check[] = [
  secretFiles,
  ports,
  hidPorts(files),
  stableNames,
  groups({ files, userId: process.getuid?.() ?? 0, groupIds: process.getgroups?.() ?? [] }),
  udevRules(files),
  modemManager(),
  hidLibrary(),
  systemDeviceHealth(files),
  power(files),
  disk,
  clockSync,
  broker,
  central,
];

/** Runs every check and prints one line each; resolves to the number of failures. */
export async function doctor(options: { config: string }): Promise<number> {
  const loaded = tryLoad(options.config);
  if (loaded === undefined) return 1;
  let failures = 0;
  for (const check of CHECKS) {
    for (const finding of await runCheck(check, loaded)) {
      if (finding.verdict === 'fail') failures += 1;
      print(check.id, finding);
    }
  }
  return Math.min(failures, EXIT_CODE_MAX);
}

function tryLoad(file: string): LoadedConfig | undefined {
  try {
    const loaded = loadConfig({ file, env: process.env });
    print('config', { verdict: 'ok', text: `${file} is valid` });
    return loaded;
  } catch (error) {
    if (!hasCode(error, 'CONFIG_INVALID')) throw error;
    print('config', {
      verdict: 'fail',
      text: error.message,
      remedy: 'correct the file; the other checks need it',
    });
    return undefined;
  }
}

async function runCheck(check: Check, { config }: LoadedConfig): Promise<Finding[]> {
  try {
    return await check.run(config);
  } catch (error) {
    const text = `could not be checked: ${error instanceof Error ? error.message : String(error)}`;
    return [{ verdict: 'fail', text, remedy: 'report this as a bug' }];
  }
}

function print(id: string, { verdict, text, remedy }: Finding): void {
  const remedyLine = remedy === undefined ? '' : `\n      → ${remedy}`;
  process.stdout.write(`${verdict.padEnd(4)}  ${id}: ${text}${remedyLine}\n`);
}
