import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium as playwright } from 'playwright-core';
import { ROOT } from './root.js';

const PACKAGE = join(ROOT, 'node_modules/@sparticuz/chromium/package.json');

/** What makes the package unpack its own libraries (libnss3 and others) instead of relying on the system's. */
const UNPACK_LIBRARIES = 'AWS_Lambda_nodejs20.x';

/** A real Chromium that needs nothing of the machine but a C library. */
export async function launchBrowser(): Promise<Browser> {
  const home = await unpackedBrowser();
  return playwright.launch({
    executablePath: join(home, 'chromium'),
    headless: true,
    // The sandbox of Chromium refuses to start for root; the pages are our own.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--font-render-hinting=none'],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: join(home, 'al2023', 'lib'),
      FONTCONFIG_FILE: join(home, 'fonts.conf'),
      HOME: home,
    },
  });
}

/**
 * The folder with the unpacked browser: one for each user and version, since another user's copy in the common
 * folder may be neither readable nor trusted. It appears under its name only when complete.
 */
async function unpackedBrowser(): Promise<string> {
  const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
  const home = join(tmpdir(), `rollcall-chromium-${process.getuid?.() ?? 0}-${version}`);
  if (isOwnFolder(home)) return home;
  const staging = mkdtempSync(`${home}-`);
  await unpack(staging);
  writeFileSync(join(staging, 'fonts.conf'), fontsConfig(home));
  mkdirSync(join(staging, 'fonts-cache'), { recursive: true });
  try {
    renameSync(staging, home);
  } catch (error) {
    // Another run was faster; its copy is as good.
    if (!isOwnFolder(home)) throw error;
    rmSync(staging, { recursive: true, force: true });
  }
  return home;
}

async function unpack(into: string): Promise<void> {
  const before = { TMPDIR: process.env['TMPDIR'], AWS_EXECUTION_ENV: process.env['AWS_EXECUTION_ENV'] };
  process.env['TMPDIR'] = into;
  process.env['AWS_EXECUTION_ENV'] = UNPACK_LIBRARIES;
  try {
    const { default: packed } = await import('@sparticuz/chromium');
    await packed.executablePath();
  } finally {
    restore('TMPDIR', before.TMPDIR);
    restore('AWS_EXECUTION_ENV', before.AWS_EXECUTION_ENV);
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

function isOwnFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && (process.getuid === undefined || found.uid === process.getuid());
}

/** The packed fonts first, then those of the machine: scripts beyond Latin come from there. */
function fontsConfig(home: string): string {
  const folders = [join(home, 'fonts'), '/usr/share/fonts', '/usr/local/share/fonts'];
  return [
    '<?xml version="1.0"?>',
    '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">',
    '<fontconfig>',
    ...folders.map((folder) => `  <dir>${folder}</dir>`),
    '  <dir prefix="default">.fonts</dir>',
    `  <cachedir>${join(home, 'fonts-cache')}</cachedir>`,
    '</fontconfig>',
    '',
  ].join('\n');
}
