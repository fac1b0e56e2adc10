import type { Entry } from './terminal-memory.js';

/** How a firmware pushes what it stores. */
export interface Dialect {
  pushVersion: string | undefined;
  suffix: string;
  line(entry: Entry, index: number): string;
  table: string;
  registers: boolean;
}

const columns = ({ user, localMs, verify, status }: Entry): string =>
  [user, timeText(localMs), status, verify, 0, 0, 0].join('\t');

export const DIALECTS: Readonly<Record<string, Dialect>> = {
  push2: { pushVersion: '2.4.1', suffix: '', table: 'ATTLOG', registers: false, line: columns },
  push1: {
    pushVersion: undefined,
    suffix: '.aspx',
    table: 'ATTLOG',
    registers: false,
    line: ({ user, localMs, verify, status }) => [user, timeText(localMs), status, verify].join('\t'),
  },
  push3: {
    pushVersion: '3.1.2',
    suffix: '',
    table: 'ATTLOG',
    registers: true,
    line: (entry) => `${columns({ ...entry, status: 255 })}\t255\t0\t0`,
  },
  rtlog: {
    pushVersion: '3.1.2',
    suffix: '',
    table: 'rtlog',
    registers: true,
    line: ({ user, localMs, verify, status }, index) =>
      [
        `time=${timeText(localMs)}`,
        `pin=${user}`,
        'cardno=0',
        'eventaddr=1',
        'event=0',
        `inoutstatus=${status}`,
        `verifytype=${verify}`,
        `index=${index + 1}`,
      ].join('\t'),
  },
};

export function timeText(localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 19).replace('T', ' ');
}
