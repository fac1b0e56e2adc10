#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_SEED, STUDENTS_PER_SECTION } from '../campus/campus.js';
import { campusFile } from '../campus/campus-file.js';
import { COLLEGE_STUDENTS_MAX } from '../campus/college.js';
import { collegeFile } from '../campus/college-file.js';
import { runDemo } from '../demo/demo.js';
import { DEVICE_MODELS } from '../devices/registry.js';
import { writeFingers } from '../fingers/write-fingers.js';
import { runDevice } from './device.js';
import { usages } from './device-commands.js';

const USAGE_EXIT_CODE = 2;
/** Fingers of one folder: a disk full of images is a mistake in a number. */
const FINGERS_MAX = 100_000;
const IMPRESSIONS_MAX = 100;

function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new InvalidArgumentError(`must be ${minimum} to ${maximum}`);
    }
    return value;
  };
}

function share(text: string): number {
  const value = Number(text);
  if (!/^\d*\.?\d+$/.test(text) || value > 1) throw new InvalidArgumentError('must be 0 to 1');
  return value;
}

const port = wholeNumber(0, 65_535);
const seed = wholeNumber(0, 0xffffffff);

interface CampusOptions {
  out: string;
  seed: number;
  students?: number;
  publicKey: Record<string, string>;
}

const program = new Command('rollcall-sim')
  .description('Simulated card readers on real ptys, and a whole campus of them')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : USAGE_EXIT_CODE));

program
  .command('device')
  .description('one device; commands as lines on standard input, JSON lines out')
  .requiredOption('--driver <id>', `one of ${DEVICE_MODELS.map((model) => model.id).join(', ')}`)
  .requiredOption(
    '--link <path>',
    'symbolic link to the device, re-pointed at every plug; of a terminal tcp://address:port, udp://address:port or http://gateway:port/SERIAL',
  )
  .option('--profile <id>', 'variant of the device')
  .option('--baud <n>', 'speed of the device', wholeNumber(50, 4_000_000))
  .option('--seed <n>', 'seed of everything random', seed, 1)
  .option('--false-reject <share>', 'of a scanner: looks at an enrolled finger that find nobody', share)
  .option('--false-accept <share>', 'of a scanner: searches with a strange finger that find somebody', share)
  .option('--set <name=value>', 'a setting of the device (repeatable)', collectSetting, {})
  .option('--control-port <n>', 'also answer HTTP on this loopback port (0 = any)', port)
  .addHelpText('after', () => `\nCommands:\n  ${usages().join('\n  ')}\n\nProfiles:\n${profileHelp()}`)
  .action(runDevice);

program
  .command('campus')
  .description(
    'writes the demo campus, or a whole college for measurements, as a seed file for rollcall-central',
  )
  .requiredOption('--out <file>', 'where to write it; "-" is standard output')
  .option('--seed <n>', 'another seed gives other people', seed, DEFAULT_SEED)
  .option(
    '--students <n>',
    'a college of this many instead of the demo campus',
    wholeNumber(STUDENTS_PER_SECTION, COLLEGE_STUDENTS_MAX),
  )
  .option('--public-key <gateway=key>', 'public key of a gateway, base64 (repeatable)', collectKey, {})
  .action((options: CampusOptions) => {
    const { students, publicKey } = options;
    const file =
      students === undefined
        ? campusFile(options.seed, publicKey)
        : collegeFile(options.seed, students, publicKey);
    const text = `${JSON.stringify(file, null, 1)}\n`;
    if (options.out === '-') process.stdout.write(text);
    else writeCampus(options.out, text);
  });

program
  .command('fingers')
  .description('writes images of fingers that no living person owns, as FINGER_IMPRESSION.png')
  .requiredOption('--out <dir>', 'folder for the images')
  .option('--fingers <n>', 'how many fingers', wholeNumber(1, FINGERS_MAX), 10)
  .option('--impressions <n>', 'how often each is put down', wholeNumber(1, IMPRESSIONS_MAX), 4)
  .option('--seed <n>', 'another seed gives other fingers', seed, 1)
  .option('--width <px>', 'window of the sensor at 500 dpi', wholeNumber(96, 800), 320)
  .option('--height <px>', 'window of the sensor at 500 dpi', wholeNumber(96, 800), 400)
  .action(writeFingers);

program
  .command('demo')
  .description('the whole campus on this machine: simulated readers, two gateways, central')
  .option('--port <n>', 'HTTP port of central (ROLLCALL_PORT)', port)
  .option('--mqtt-port <n>', 'MQTT port of central (ROLLCALL_MQTT_PORT)', port)
  .option('--data-dir <dir>', 'where everything is kept (ROLLCALL_DATA_DIR)')
  .option('--seed <n>', 'another seed gives other people', seed, DEFAULT_SEED)
  .action(runDemo);

function collectKey(text: string, keys: Record<string, string>): Record<string, string> {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError('write gw-block-a=<base64>');
  return { ...keys, [text.slice(0, split)]: text.slice(split + 1) };
}

function collectSetting(text: string, settings: Record<string, string>): Record<string, string> {
  const split = text.indexOf('=');
  if (split < 1) throw new InvalidArgumentError('write name=value');
  return { ...settings, [text.slice(0, split)]: text.slice(split + 1) };
}

function writeCampus(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new RollcallError(
      'CONFIG_INVALID',
      `The campus cannot be written: ${(cause as Error).message}. Name another file with --out, or "-".`,
      { cause },
    );
  }
}

function profileHelp(): string {
  return DEVICE_MODELS.flatMap((model) => [
    ...model.profiles.map(
      (profile) => `  ${model.id} --profile ${profile.id}: ${profile.title} (${profile.baud} baud)`,
    ),
    ...(model.settings ?? []).map((setting) => `  ${model.id} --set ${setting}`),
  ]).join('\n');
}

program.parseAsync().catch((error: unknown) => {
  const text = isRollcallError(error)
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
});
