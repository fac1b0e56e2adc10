import { NetworkWire } from '../wire/network-wire.js';
import { CallingPlug, networkAddress } from '../wire/tcp-plug.js';
import type { DeviceModel, Firmware, FirmwareCommand, FirmwareContext } from './device.js';
import { HttpAnswers } from './terminal/http-answers.js';
import { DIALECTS, type Dialect } from './terminal/push-dialects.js';
import { PushPeople } from './terminal/push-people.js';
import { TerminalMemory } from './terminal/terminal-memory.js';

/** Until the server says otherwise (PUSH note §1.2). */
const DELAY_S = 10;
const ERROR_DELAY_S = 30;
const BOOT_MS = 500;
/** A server that does not answer. */
const ANSWER_MS = 20_000;
const ENTRIES_PER_UPLOAD = 100;
/** Of users and fingers: a template is a kilobyte or two. */
const LINES_PER_UPLOAD = 20;
/** Every so many polls it tells about itself. */
const INFO_EVERY = 6;

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
  readonly #people: PushPeople;
  readonly #answers = new HttpAnswers((status, body) => this.#onAnswer(status, body));
  #delayMs = DELAY_S * 1_000;
  #errorDelayMs = ERROR_DELAY_S * 1_000;
  #request: Request | undefined;
  #hasGreeted = false;
  #polls = 0;
  /** In the middle of the commands of one answer. */
  #isObeying = false;
  #cancelTimer: (() => void) | undefined;
  #cancelPatience: (() => void) | undefined;
  /** Results of commands that the server was not told yet. */
  #results: string[] = [];

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.memory = new TerminalMemory(context.clock);
    this.#people = new PushPeople(context, this.memory, {
      algorithm: context.settings['algorithm'] ?? '10',
      onResult: (result) => this.#tell(result),
    });
    this.#dialect = DIALECTS[context.profile] ?? (DIALECTS['push2'] as Dialect);
    this.#serial = /\/(?<serial>[A-Za-z0-9_-]+)$/.exec(context.link)?.groups?.['serial'] ?? 'CKJM201260001';
  }

  powerOn(): void {
    this.#hasGreeted = false;
    this.#after(BOOT_MS);
  }

  powerOff(): void {
    this.#people.powerOff();
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

  fingerIn(finger: string): void {
    const user = this.#people.touched(finger);
    if (user !== undefined) this.cardIn(Buffer.from(`${user}:1`, 'latin1'));
    else if (this.#request === undefined && this.#hasGreeted) this.#next();
  }

  /** What is done at its keypad. */
  readonly commands: readonly FirmwareCommand[] = [
    {
      usage: 'enroll <user> <number> <finger>',
      run: (words) => {
        this.#people.enrollAtKeypad(words);
        if (this.#request === undefined && this.#hasGreeted) this.#next();
      },
    },
  ];

  get users(): readonly string[] {
    return [...this.memory.people.users.keys()];
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
    else if (this.#people.lines.length > 0) this.#uploadPeople();
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
    this.#people.asked(options.get('TransFlag') ?? '');
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

  #uploadPeople(): void {
    const lines = this.#people.lines.slice(0, LINES_PER_UPLOAD);
    this.#ask('POST', 'cdata', '&table=OPERLOG&OpStamp=9999', lines.join(''), (body) => {
      if (!body.startsWith('OK')) {
        this.#failed();
        return;
      }
      this.#people.lines.splice(0, lines.length);
      this.#next();
    });
  }

  #tell(result: string): void {
    this.#results.push(result);
    if (this.#request === undefined && this.#hasGreeted && !this.#isObeying) this.#next();
  }

  #poll(): void {
    this.#polls += 1;
    const { people, entries } = this.memory;
    const counts = [people.users.size, people.fingers.size, entries.length].join(',');
    const info =
      this.#polls % INFO_EVERY === 1
        ? `&INFO=Ver 8.0.4.2,${counts},127.0.0.1,${this.#people.algorithm},7,15,0,111`
        : '';
    this.#ask('GET', 'getrequest', encodeURI(info), '', (body) => {
      this.#isObeying = true;
      for (const line of body.split('\n')) this.#obey(line.trim());
      this.#isObeying = false;
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
    if (command === 'CHECK' || time !== undefined) {
      this.#results.push(`ID=${id}&Return=0&CMD=${command.split(' ')[0]}\n`);
    } else this.#people.obey(id, command);
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
  readsFingers: true,
  settings: ['algorithm=10'],
  openWire: ({ clock, link, ...events }) =>
    new NetworkWire({
      clock,
      path: link,
      plugIn: (plugEvents) => new CallingPlug(networkAddress(link), plugEvents),
      ...events,
    }),
  boot: (context) => new ZkPushFirmware(context),
};
