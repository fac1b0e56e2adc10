import { type Campus, shownTo } from '../campus/campus.js';
import { demoAccounts } from '../campus/demo-accounts.js';
import type { DemoPaths } from './demo-paths.js';

export interface DemoAddresses {
  campus: Campus;
  paths: DemoPaths;
  port: number;
  controlPort: number;
}

/** The last words of a start: one address, and what to look at there. */
export function whatToLookAt({ campus, paths, port, controlPort }: DemoAddresses): string {
  const section = campus.sections.find((candidate) => candidate.room.reader.driver === 'line');
  const student = section?.students[0];
  const example =
    section === undefined || student === undefined
      ? []
      : [
          '',
          `  Tap the card of ${student.name} (${section.name}) yourself at the reader of ${section.room.name}:`,
          `    curl -X POST http://127.0.0.1:${controlPort}/devices/${section.room.reader.id}/swipe -d '{"uid":"${shownTo('line', student)}"}'`,
          '  Pull its cable, and put it back:',
          `    curl -X POST http://127.0.0.1:${controlPort}/devices/${section.room.reader.id}/unplug`,
          `    curl -X POST http://127.0.0.1:${controlPort}/devices/${section.room.reader.id}/plug`,
        ];
  return [
    '',
    `  Rollcall is running:  http://127.0.0.1:${port}/`,
    '',
    ...signIns(campus.seed),
    '',
    '  What to look at: students tapping cards right now, by name and room; the class sessions of this half hour,',
    '  each with its present, late and pending; the two gateways with what they still have to deliver.',
    '  A class begins somewhere every few minutes.',
    ...example,
    '',
    `  What the programs print is in ${paths.log('*')}`,
    '  Stop with Ctrl-C.',
    '',
  ].join('\n');
}

/** Passwords of people who do not exist, on a port that only this machine reaches. */
function signIns(seed: number): string[] {
  const accounts = demoAccounts(seed);
  return [
    `  Sign in with the password "${accounts[0]?.password}" as`,
    ...accounts.map(({ login, role }) => `    ${login.padEnd(12)} ${role.replaceAll('_', ' ')}`),
  ];
}
