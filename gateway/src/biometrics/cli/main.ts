#!/usr/bin/env node
import { FINGER_RECORD_FORMATS } from '@rollcall/protocol/finger-record';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { draw } from './draw.js';
import { evaluate } from './evaluate.js';
import { type ExtractFormat, extractFile } from './extract-file.js';
import { identify } from './identify.js';
import { matchFiles } from './match-files.js';
import { openSet } from './open-set.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

interface ExtractOptions {
  dpi?: number;
  out: string;
  format: ExtractFormat;
}

/** Measuring and looking at the biometric library; nothing here knows the gateway. */
function createProgram(): Command {
  const program = new Command('biometrics')
    .description('Extracts, compares and measures fingerprints.')
    .exitOverride();
  program
    .command('extract')
    .description('make a template from a PNG image')
    .argument('<image>', 'PNG file')
    .addOption(dpiOption())
    .requiredOption('--out <file>', 'where to write the template')
    .addOption(
      new Option('--format <format>', 'layout of the template')
        .choices(['rollcall', ...FINGER_RECORD_FORMATS])
        .default('rollcall'),
    )
    .action((image: string, options: ExtractOptions) => extractFile(image, options));
  program
    .command('match')
    .description('compare two images or templates')
    .argument('<a>', 'PNG image or template')
    .argument('<b>', 'PNG image or template')
    .action((a: string, b: string) => matchFiles(a, b));
  program
    .command('identify')
    .description('say who it is among the files FINGER_IMPRESSION of a folder')
    .argument('<probe>', 'PNG image or template')
    .requiredOption('--gallery <folder>', 'images or templates of the enrolled fingers')
    .action((probe: string, options: { gallery: string }) => identify(probe, options.gallery));
  program
    .command('evaluate')
    .description('measure a folder of FINGER_IMPRESSION.png')
    .argument('<folder>')
    .option('--pairs <all|fvc|file>', 'which pairs to compare', 'all')
    .option('--exclude <file>', 'names of images to leave out')
    .option('--json <file>', 'write the rates for programs')
    .option('--scores <file>', 'write every pair with its score')
    .action(evaluate);
  program
    .command('open-set')
    .description('search every probe among the enrolled fingers of a folder')
    .argument('<folder>')
    .requiredOption('--enroll <count>', 'impressions 1 to this are enrolled', parseCount)
    .requiredOption('--probes <list>', 'numbers of the impressions that probe, 4,5,6', parseList)
    .option('--exclude <file>', 'names of images to leave out')
    .option('--json <file>', 'write the rates for programs')
    .action(openSet);
  program
    .command('draw')
    .description('draw minutiae, ridge flow, mask and skeletons over an image')
    .argument('<image>', 'PNG file')
    .requiredOption('--out <file>', 'PNG file to write')
    .addOption(dpiOption())
    .action(draw);
  return program;
}

function dpiOption(): Option {
  return new Option('--dpi <dots per inch>', 'resolution, when the file does not say').argParser(parseCount);
}

function parseCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
}

function parseList(text: string): number[] {
  return text.split(',').map(parseCount);
}

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has already printed its message; help ends with 0.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = EXIT_FAILURE;
  }
}
