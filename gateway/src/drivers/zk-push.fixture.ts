import { DriverBench } from './driver.fixture.js';
import type { PeopleLink } from './terminal-people.js';
import { driver } from './zk-push.js';

export const SN = 'CKJM201260001';
export const POLL_MS = 10_000;
/** The zone of the terminal. */
const INDIA_MS = 5.5 * 3_600_000;

/** A terminal that calls, as its requests; each resolves with the body of the answer. */
export class Caller {
  readonly bench: DriverBench;

  /** @param people who hears of its people */
  constructor(options: Record<string, unknown> = {}, people?: PeopleLink) {
    this.bench = new DriverBench(driver, options);
    if (people === undefined) return;
    this.bench.people = people;
    this.bench.reconnect();
  }

  async call(method: string, path: string, body = ''): Promise<string> {
    const { length } = this.bench.written;
    const bytes = Buffer.from(body);
    this.bench.feed(
      Buffer.concat([
        Buffer.from(`${method} /iclock/${path} HTTP/1.1\r\nContent-Length: ${bytes.length}\r\n\r\n`),
        bytes,
      ]),
    );
    for (let turn = 0; turn < 20 && this.bench.written.length === length; turn++) await this.bench.pass(0);
    const answer = this.bench.written[length] ?? 'nothing';
    return answer.startsWith('HTTP/1.1 200') ? (answer.split('\r\n\r\n')[1] ?? '') : answer.slice(9, 12);
  }

  greet(): Promise<string> {
    return this.call('GET', `cdata?SN=${SN}&options=all&pushver=2.4.1`);
  }

  poll(info?: string): Promise<string> {
    return this.call('GET', `getrequest?SN=${SN}${info === undefined ? '' : `&INFO=${info}`}`);
  }

  /** Entries of these users, at these times of the terminal's own clock. */
  upload(entries: readonly (readonly [user: string, utcMs: number])[], stamp = 'None'): Promise<string> {
    const lines = entries.map(([user, utcMs]) => `${user}\t${localText(utcMs)}\t0\t1\t0\t0\n`);
    return this.call('POST', `cdata?SN=${SN}&table=ATTLOG&Stamp=${stamp}`, lines.join(''));
  }

  /** What it says of commands, by their numbers. */
  async answers(codes: Readonly<Record<number, number>>): Promise<void> {
    const lines = Object.entries(codes).map(([id, code]) => `ID=${id}&Return=${code}&CMD=DATA\n`);
    await this.call('POST', `devicecmd?SN=${SN}`, lines.join(''));
    await this.bench.pass(0);
  }

  /** Polls every ten seconds for as long; resolves with the last answer. */
  async pollFor(ms: number, info?: string): Promise<string> {
    let answer = '';
    for (let passed = 0; passed < ms; passed += POLL_MS) {
      await this.bench.pass(POLL_MS);
      answer = await this.poll(info);
    }
    return answer;
  }

  get nowMs(): number {
    return this.bench.clock.wallMs();
  }

  get drained(): number[] {
    return this.bench.events.flatMap((event) => (event.type === 'drained' ? [event.throughMs] : []));
  }

  get news(): unknown[] {
    return this.bench.keeps.flatMap(({ news = [] }) => news);
  }

  get offsetMs(): number {
    return Number(this.bench.memory.get('clock-offset-ms'));
  }
}

function localText(utcMs: number): string {
  return new Date(utcMs + INDIA_MS).toISOString().slice(0, 19).replace('T', ' ');
}
