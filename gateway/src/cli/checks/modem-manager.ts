import { readdir, readFile } from 'node:fs/promises';
import { type Check, ok, warn } from './check.js';

/** ModemManager talks to every new serial port and takes it away from us for a minute. */
export function modemManager(procFolder = '/proc'): Check {
  return {
    id: 'modem-manager',
    async run() {
      const entries = await readdir(procFolder).catch(() => []);
      const names = await Promise.all(
        entries
          .filter((name) => /^\d+$/.test(name))
          .map((pid) => readFile(`${procFolder}/${pid}/comm`, 'utf8').catch(() => '')),
      );
      if (!names.some((name) => name.trim() === 'ModemManager')) return [ok('ModemManager is not running')];
      return [
        warn(
          'ModemManager is running and probes every new serial port',
          'install packaging/99-rollcall.rules, or "sudo systemctl disable --now ModemManager"',
        ),
      ];
    },
  };
}
