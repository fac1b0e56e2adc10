import { execFile } from 'node:child_process';
import type { SystemFiles } from '../../system/system-files.js';
import { type Check, type Finding, fail, ok, warn } from './check.js';

/** Undefined where there is no such program, or it fails. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<string | undefined>;

const TIMEOUT_MS = 5_000;
/** Bits of `vcgencmd get_throttled` (Raspberry Pi documentation, vcgencmd). */
const UNDER_VOLTAGE_NOW = 0x1;
const UNDER_VOLTAGE_SEEN = 0x1_0000;
const THROTTLED_NOW = 0x6;
const REMEDY =
  'use the power supply of the Raspberry Pi and a short cable, and give the readers a powered hub: weak power looks like broken readers';

export const runProgram: RunProgram = (program, args) =>
  new Promise((resolve) => {
    execFile(program, [...args], { timeout: TIMEOUT_MS }, (error, stdout) =>
      resolve(error === null ? stdout : undefined),
    );
  });

/** What a Raspberry Pi says about its supply; other machines say nothing, and nothing is said about them. */
export function power(files: SystemFiles, run: RunProgram = runProgram): Check {
  return {
    id: 'power',
    async run() {
      const text = await run('vcgencmd', ['get_throttled']);
      const hex = /throttled=0x(?<bits>[0-9a-f]{1,8})\b/i.exec(text ?? '')?.groups?.['bits'];
      if (hex !== undefined) return fromBits(Number.parseInt(hex, 16));
      return fromHwmon(files);
    },
  };
}

function fromBits(bits: number): Finding[] {
  if ((bits & UNDER_VOLTAGE_NOW) !== 0) return [fail('the supply voltage is too low now', REMEDY)];
  if ((bits & UNDER_VOLTAGE_SEEN) !== 0) {
    return [warn('the supply voltage was too low since the start', REMEDY)];
  }
  if ((bits & THROTTLED_NOW) !== 0) {
    return [warn('the processor is slowed down, usually by heat', 'give the machine air or a heat sink')];
  }
  return [ok('the power supply is strong enough')];
}

/** The kernel's own word, where vcgencmd is not installed or not allowed. */
async function fromHwmon(files: SystemFiles): Promise<Finding[]> {
  for (const name of await files.list('/sys/class/hwmon')) {
    const folder = `/sys/class/hwmon/${name}`;
    if ((await files.text(`${folder}/name`))?.trim() !== 'rpi_volt') continue;
    const isLow = (await files.text(`${folder}/in0_lcrit_alarm`))?.trim() === '1';
    return isLow
      ? [fail('the supply voltage is or was too low', REMEDY)]
      : [ok('the power supply is strong enough')];
  }
  return [];
}
