import { NetworkWire } from '../wire/network-wire.js';
import { CallingPlug, networkAddress } from '../wire/tcp-plug.js';
import type { DeviceModel, Firmware, FirmwareContext } from './device.js';
import { HttpAnswers } from './terminal/http-answers.js';
import { type Entry, TerminalMemory } from './terminal/terminal-memory.js';

/** Until the server says otherwise (PUSH note §1.2). */
const DELAY_S = 10;
const ERROR_DELAY_S = 30;
const BOOT_MS = 500;
/** A server that does not answer. */
const ANSWER_MS = 20_000;
const ENTRIES_PER_UPLOAD = 100;
/** Every so many polls it tells about itself. */
const INFO_EVERY = 6;

interface Dialect {
  pushVersion: string | undefined;
  suffix: string;
  line(entry: Entry, index: number): string;
  table: string;
  registers: boolean;
}

const columns = ({ user, localMs, verify, status }: Entry): string =>
  [user, timeText(localMs), status, verify, 0, 0, 0].join('\t');

const DIALECTS: Readonly<Record<string, Dialect>> = {
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

/** A request that waits for its answer, and what is done with that. */
interface Request {
  bytes: Uint8Array;
  done(status: number, body: string): void;
}

/** A terminal that calls its server: greets it, sends its log, asks for commands, for ever. */
class ZkPushFirmware implements Firmware {
  readonly memory: TerminalMemory;
  readonly #context: FirmwareContext;
  readonly #dialect: Dialect;
  readonly #serial: string;
  readonly #answers = new HttpAnswers((status, body) => this.#onAnswer(status, body));
  #delayMs = DELAY_S * 1_000;
  #errorDelayMs = ERROR_DELAY_S * 1_000;
  #request: Request | undefined;
  #hasGreeted = false;
  #polls = 0;
  #cancelTimer: (() => void) | undefined;
  #cancelPatience: (() => void) | undefined;
  /** Results of commands that the server was not told yet. */
  #results: string[] = [];

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.memory = new TerminalMemory(context.clock);
    this.#dialect = DIALECTS[context.profile] ?? (DIALECTS['push2'] as Dialect);
    this.#serial = /\/(?<serial>[A-Za-z0-9_-]+)$/.exec(context.link)?.groups?.['serial'] ?? 'CKJM201260001';
  }

  powerOn(): void {
    this.#hasGreeted = false;
    this.#after(BOOT_MS);
  }

  powerOff(): void {
    this.#cancelTimer?.();
    this.#cancelPatience?.();
    this.#request = undefined;
    this.#answers.reset();
  }

  hostOpened(): void {
    this.#answers.reset();
  }

  hostClosed(): void {
    if (this.#request !== undefined) this.#failed();
  }

  cardIn(shown: Uint8Array): void {
    if (this.memory.verified(Buffer.from(shown).toString('latin1')) === undefined)
      this.#context.refuse('the log is full');
    // Realtime=1: at once, unless it is talking.
    else if (this.#request === undefined && this.#hasGreeted) this.#next();
  }

  cardOut(): void {
    // A finger that is taken away is nothing to it.
  }

  receive(bytes: Uint8Array): void {
    this.#answers.push(bytes);
  }

  ghostFrame(): Uint8Array {
    return this.#encode('GET', `/iclock/ping${this.#dialect.suffix}?SN=${this.#serial}`);
  }

  #after(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#context.clock.after(delayMs, () => this.#next());
  }

  #next(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const result = this.#results[0];
    if (!this.#hasGreeted) this.#greet();
    else if (result !== undefined) this.#tellResult(result);
    else if (this.memory.sent < this.memory.entries.length) this.#upload();
    else this.#poll();
  }

  #greet(): void {
    const { pushVersion, registers } = this.#dialect;
    const greet = (): void => {
      const version = pushVersion === undefined ? '' : `&pushver=${pushVersion}`;
      this.#ask('GET', 'cdata', `&options=all${version}&language=69`, '', (body) => this.#onOptions(body));
    };
    if (!registers) greet();
    else this.#ask('POST', 'registry', '', '~DeviceName=Simulator,~Platform=SIM', () => greet());
  }

  /** `None` and 0 ask for everything, 9999 for nothing old; any other stamp is one of ours: how many were taken. */
  #onOptions(body: string): void {
    const options = new Map(
      body.split('\n').map((line) => {
        const at = line.indexOf('=');
        return [line.slice(0, at).trim(), line.slice(at + 1).trim()] as const;
      }),
    );
    const stamp = options.get(this.#dialect.pushVersion === undefined ? 'Stamp' : 'ATTLOGStamp');
    const { entries } = this.memory;
    if (stamp === undefined || stamp === 'None' || stamp === '0') this.memory.sent = 0;
    else this.memory.sent = stamp === '9999' ? entries.length : Math.min(Number(stamp), entries.length);
    this.#delayMs = Number(options.get('Delay') ?? DELAY_S) * 1_000;
    this.#errorDelayMs = Number(options.get('ErrorDelay') ?? ERROR_DELAY_S) * 1_000;
    this.#hasGreeted = true;
    this.#next();
  }

  #upload(): void {
    const from = this.memory.sent;
    const entries = this.memory.entries.slice(from, from + ENTRIES_PER_UPLOAD);
    const lines = entries.map((entry, at) =>
      entry.isBroken === true ? '\u0001\u0002broken\t\t' : this.#dialect.line(entry, from + at),
    );
    const through = from + entries.length;
    const query = `&table=${this.#dialect.table}&Stamp=${through}`;
    this.#ask('POST', 'cdata', query, `${lines.join('\n')}\n`, (body) => {
      if (!body.startsWith('OK')) {
        this.#failed();
        return;
      }
      this.memory.sent = through;
      this.#context.beep(1, 50);
      this.#next();
    });
  }

  #poll(): void {
    this.#polls += 1;
    const info =
      this.#polls % INFO_EVERY === 1 ? `&INFO=Ver 8.0.4.2,500,0,${this.memory.entries.length},127.0.0.1` : '';
    this.#ask('GET', 'getrequest', encodeURI(info), '', (body) => {
      for (const line of body.split('\n')) this.#obey(line.trim());
      if (this.#results.length > 0 || !this.#hasGreeted) this.#next();
      else this.#after(this.#delayMs);
    });
  }

  #obey(line: string): void {
    const [, id = '', command = ''] = /^C:(\d{1,9}):(.*)$/.exec(line) ?? [];
    if (id === '') return;
    const time = /^SET OPTIONS? DateTime=(.+)$/.exec(command)?.[1];
    if (command === 'CHECK') this.#hasGreeted = false;
    else if (time !== undefined) this.memory.setLocal(Date.parse(`${time.replace(' ', 'T')}Z`));
    const isKnown = command === 'CHECK' || time !== undefined || command.startsWith('DATA ');
    this.#results.push(`ID=${id}&Return=${isKnown ? 0 : -1002}&CMD=${command.split(' ')[0]}\n`);
  }

  #tellResult(result: string): void {
    this.#ask('POST', 'devicecmd', '', result, () => {
      this.#results.shift();
      this.#next();
    });
  }

  #ask(method: string, name: string, query: string, body: string, done: (body: string) => void): void {
    const target = `/iclock/${name}${this.#dialect.suffix}?SN=${this.#serial}${query}`;
    this.#request = {
      bytes: this.#encode(method, target, body),
      done: (status, answer) => {
        if (status === 200) done(answer);
        else this.#failed();
      },
    };
    this.#cancelPatience?.();
    this.#cancelPatience = this.#context.clock.after(ANSWER_MS, () => this.#failed());
    this.#context.send(this.#request.bytes);
  }

  #encode(method: string, target: string, body = ''): Uint8Array {
    const bytes = Buffer.from(body, 'utf8');
    const head = [
      `${method} ${target} HTTP/1.1`,
      'Host: server',
      'User-Agent: iClock Proxy/1.09',
      ...(method === 'POST' ? ['Content-Type: text/plain', `Content-Length: ${bytes.length}`] : []),
      '\r\n',
    ].join('\r\n');
    return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
  }

  #onAnswer(status: number, body: string): void {
    const request = this.#request;
    this.#request = undefined;
    this.#cancelPatience?.();
    request?.done(status, body);
  }

  #failed(): void {
    this.#request = undefined;
    this.#cancelPatience?.();
    this.#answers.reset();
    this.#after(this.#errorDelayMs);
  }
}

function timeText(localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 19).replace('T', ' ');
}

export const zkPush: DeviceModel = {
  id: 'zk-push',
  title: 'terminal that calls its server (ADMS)',
  profiles: [
    { id: 'push2', title: 'push 2.4: ATTLOGStamp, columns', baud: 0 },
    { id: 'push1', title: 'older firmware: Stamp, .aspx, four columns', baud: 0 },
    { id: 'push3', title: 'push 3: registers first, 255 where nothing is set', baud: 0 },
    { id: 'rtlog', title: 'access controller: members instead of columns', baud: 0 },
  ],
  uidBytes: [],
  readsUsers: true,
  openWire: ({ clock, link, ...events }) =>
    new NetworkWire({
      clock,
      path: link,
      plugIn: (plugEvents) => new CallingPlug(networkAddress(link), plugEvents),
      ...events,
    }),
  boot: (context) => new ZkPushFirmware(context),
};
