#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { DEFAULT_CONFIG_FILE } from '../config/default-file.js';
import { softwareVersion } from '../features/software-version.js';
import type { EnrollOptions } from './finger-enroll.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

/** The command line. Every subcommand is loaded only when asked for, so that `--help` needs no native module. */
function createProgram(setExitCode: (code: number) => void): Command {
  const program = new Command('rollcall-gateway')
    .description('Takes attendance from card readers and relays it to central.')
    .version(softwareVersion())
    .exitOverride();
  const config = (): Option =>
    new Option('--config <file>', 'configuration file').default(DEFAULT_CONFIG_FILE).env('ROLLCALL_CONFIG');

  program
    .command('run')
    .description('run the gateway until SIGTERM or SIGINT')
    .addOption(config())
    .action(async (options: { config: string }) => {
      setExitCode(await (await import('./run.js')).run(options));
    });
  program
    .command('key')
    .description('print the public signing key as JSON, making the key at first use')
    .addOption(config())
    .action(async (options: { config: string }) => {
      setExitCode(await (await import('./key.js')).key(options));
    });
  program
    .command('doctor')
    .description(
      'check configuration, readers, permissions, disk, clock and network; exit code = number of failures',
    )
    .addOption(config())
    .action(async (options: { config: string }) => {
      setExitCode(await (await import('./doctor.js')).doctor(options));
    });
  program
    .command('discover')
    .description('print what is connected, which driver fits, and the configuration to paste')
    .addOption(config())
    .option('--probe', 'also open what is not configured yet and ask it; some devices restart when opened')
    .option('--json', 'print JSON instead of text')
    .action(async (options: { config: string; probe?: true; json?: true }) => {
      setExitCode(await (await import('./discover.js')).discover(options));
    });
  program
    .command('config')
    .description('look at the configuration')
    .command('show')
    .description('print every value and where it comes from')
    .addOption(config())
    .option('--json', 'print JSON instead of a table')
    .action(async (options: { config: string; json?: true }) => {
      setExitCode((await import('./config-show.js')).configShow(options));
    });
  program
    .command('monitor')
    .description(
      'try one reader: print what it decodes as JSON lines, until SIGINT; nothing is stored or sent',
    )
    .requiredOption('--driver <id>', 'driver of the reader')
    .requiredOption(
      '--port <path>',
      'where it is attached: a path, tcp://host:port, udp://host:port, or hid:VID:PID',
    )
    .option('--option <key=value>', 'option of the driver; can be repeated', collect, [])
    .option(
      '--capture <file>',
      'at the end, write what the reader sent to this file, in the form of test vectors',
    )
    .addHelpText(
      'after',
      '\nCard numbers are printed in full here, for the technician at the reader: do not keep the output.',
    )
    .action(async (options: { driver: string; port: string; option: string[]; capture?: string }) => {
      setExitCode(await (await import('./monitor.js')).monitor(options));
    });
  addFinger(program, config, setExitCode);
  return program;
}

function addFinger(program: Command, config: () => Option, setExitCode: (code: number) => void): void {
  const finger = program.command('finger').description('enroll fingers, and look at what is enrolled');
  finger
    .command('enroll')
    .description(
      'enroll fingers of a student at a scanner of this gateway, while the gateway itself is stopped',
    )
    .addOption(config())
    .requiredOption('--student <ref>', 'roll number')
    .requiredOption(
      '--finger <position>',
      '1 right thumb to 10 left little finger; can be repeated, two are recommended',
      collect,
      [],
    )
    .requiredOption('--device <id>', 'scanner, as in the configuration')
    .requiredOption('--consent <id>', 'id of the consent for fingerprints, from its record in central')
    .action(async (options: EnrollOptions) => {
      setExitCode(await (await import('./finger-enroll.js')).fingerEnroll(options));
    });
  finger
    .command('list')
    .description('print which templates and which fingerprint modules this gateway knows, as JSON')
    .addOption(config())
    .action(async (options: { config: string }) => {
      setExitCode((await import('./finger-list.js')).fingerList(options));
    });
  finger
    .command('forget <module>')
    .description('forget a fingerprint module that is gone for good, by its name in "finger list"')
    .addOption(config())
    .action(async (module: string, options: { config: string }) => {
      setExitCode((await import('./finger-list.js')).fingerForget(module, options));
    });
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** "| head" leaves early, and that is no failure: the rest has no reader. `run` and `monitor` see to themselves. */
function outliveReaders(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

outliveReaders(process.stdout);
outliveReaders(process.stderr);
let exitCode = 0;
try {
  await createProgram((code) => {
    exitCode = code;
  }).parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has already printed its message; help and version end with 0.
    exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    exitCode = EXIT_FAILURE;
  }
}
process.exitCode = exitCode;
