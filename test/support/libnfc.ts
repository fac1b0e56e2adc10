import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const PLACES = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/local/bin'];
const PROGRAM_TIMEOUT_MS = 30_000;

/** A program by its name or path; undefined where it is not installed. */
export function findNfcProgram(name: string): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined;
  return PLACES.map((place) => join(place, name)).find((path) => existsSync(path));
}

/** For the names of tests: a skip must say why. */
export function nfcSkipReason(name: string, debianPackage: string): string {
  return findNfcProgram(name) === undefined
    ? ` (skipped: no ${name} on this machine, apt-get install ${debianPackage})`
    : '';
}

/** Runs it on a PN532 at this serial port, and gives what it printed. */
export function runNfcProgram(name: string, port: string, words: readonly string[] = []): Promise<string> {
  const path = findNfcProgram(name);
  if (path === undefined) throw new Error(`there is no ${name}`);
  const device = `pn532_uart:${port}`;
  const env = {
    ...process.env,
    LIBNFC_DEVICE: device,
    LIBNFC_DEFAULT_DEVICE: device,
    LIBNFC_AUTO_SCAN: 'false',
  };
  return new Promise((resolve) => {
    execFile(path, [...words], { env, timeout: PROGRAM_TIMEOUT_MS }, (_error, stdout, stderr) =>
      // libnfc writes two blanks between bytes.
      resolve(`${stdout}\n${stderr}`.replaceAll(/ +/g, ' ')),
    );
  });
}
