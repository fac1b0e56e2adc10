import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import type { DriverContext, DriverSession } from '../driver.js';
import type { UserChange } from '../user-change.js';
import type { ZkPushOptions } from '../zk-push.js';
import { CommandQueue } from './command-queue.js';
import { DrainWatch } from './drain-watch.js';
import { optionBlock, pushParameters, timeZoneLine } from './option-block.js';
import { MEMORY } from './push-memory.js';
import { PushPeople } from './push-people.js';
import { PushTime } from './push-time.js';
import { RequestReader, type TerminalRequest } from './request-reader.js';
import { LINES_PER_KEEP, takeLog } from './take-log.js';
import { parseUserLine } from './user-line.js';

export const POLL_SECONDS = 10;
const ERROR_DELAY_SECONDS = 30;
/** A terminal that is on calls every few seconds; less than the watchdog's patience with a device in transition. */
const FIRST_CALL_MS = 45_000;
const LOG_TABLES = new Set(['ATTLOG', 'RTLOG', 'TRANSACTION']);
const USER_TABLES = new Set(['OPERLOG', 'USERINFO', 'USER']);
const PEOPLE_TABLES = new Set([...USER_TABLES, 'FP', 'FINGERTMP', 'BIODATA', 'TEMPLATEV10']);

interface Reply {
  status: 200 | 503;
  body: string;
}
const ok = (body = 'OK'): Reply => ({ status: 200, body });

/** What one terminal asks and tells, from its first call to the end of the connection. */
export class PushSession implements DriverSession {
  readonly #context: DriverContext<ZkPushOptions>;
  readonly #drain: DrainWatch;
  readonly #commands: CommandQueue;
  readonly #time: PushTime;
  readonly #people: PushPeople;
  readonly #reader: RequestReader;
  #last: Promise<void> = Promise.resolve();
  #hasCalled = false;
  #isClosed = false;
  #firstCall: { settle(error?: RollcallError): void } | undefined;

  constructor(context: DriverContext<ZkPushOptions>) {
    this.#context = context;
    const { terminal } = context;
    this.#drain = new DrainWatch((name) => terminal.recall(name));
    this.#commands = new CommandQueue(Number(terminal.recall(MEMORY.commandId) ?? 0));
    this.#time = new PushTime({ context, drain: this.#drain, commands: this.#commands });
    this.#people = new PushPeople({ context, commands: this.#commands });
    this.#reader = new RequestReader({
      onRequest: (request) => this.#onRequest(request),
      onDiscarded: (bytes) => {
        context.count('bytes_discarded', bytes);
        this.#reject('garbage', 'something that is no request of a terminal; what calls this address?');
      },
    });
  }

  /** A terminal cannot be asked: it calls, or it does not. */
  probe(): Promise<void> {
    if (this.#hasCalled || this.#isClosed) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const cancel = this.#context.clock.after(FIRST_CALL_MS, () =>
        this.#firstCall?.settle(
          new RollcallError(
            'DEVICE_TIMEOUT',
            'The terminal has not called; check its power, its network, and the server address and port in its menu (Comm, Cloud server)',
          ),
        ),
      );
      this.#firstCall = {
        settle: (error) => {
          cancel();
          this.#firstCall = undefined;
          if (error === undefined) resolve();
          else reject(error);
        },
      };
    });
  }

  onBytes(chunk: Uint8Array): void {
    this.#reader.push(chunk);
  }

  /** Waits for the terminal's next polls: it is told, does it, and says what became of it. */
  async changeUser(change: UserChange): Promise<void> {
    const outcome = await this.#people.change(change);
    if (outcome.outcome === 'refused') {
      throw new RollcallError(
        'DEVICE_REFUSED',
        `The terminal did not do it (${outcome.reason}); do it in its menu`,
      );
    }
    this.#context.terminal.people?.changedByHand(change);
  }

  close(): void {
    this.#isClosed = true;
    this.#people.close();
    this.#commands.close();
    this.#time.close();
    this.#firstCall?.settle(
      new RollcallError('PORT_CLOSED', 'The connection was closed before the terminal called'),
    );
  }

  #onRequest(request: TerminalRequest): void {
    if (this.#isClosed) return;
    this.#hasCalled = true;
    this.#firstCall?.settle();
    this.#context.count('frames_ok');
    this.#context.emit({ type: 'alive' });
    this.#people.called(request.query.get('sn'));
    this.#last = this.#last.then(() => this.#answer(request));
  }

  async #answer(request: TerminalRequest): Promise<void> {
    let reply: Reply;
    try {
      reply = await this.#replyTo(request);
    } catch (error) {
      // Nothing is kept, and nothing may be forgotten: the terminal sends it again.
      if (!isRollcallError(error))
        this.#reject('internal', 'a request could not be handled; report this as a bug');
      this.#drain.refused();
      reply = { status: 503, body: 'ERROR' };
    }
    if (this.#isClosed) return;
    await this.#context.write(this.#encode(reply)).catch(() => undefined);
  }

  #encode({ status, body }: Reply): Uint8Array {
    const { options, terminal, clock } = this.#context;
    const bytes = Buffer.from(body, 'utf8');
    const isDated = options.set_clock === 'date' && terminal.clockState() === 'synced';
    const head = [
      `HTTP/1.1 ${status} ${status === 200 ? 'OK' : 'Service Unavailable'}`,
      'Content-Type: text/plain',
      `Content-Length: ${bytes.length}`,
      ...(isDated ? [`Date: ${new Date(clock.wallMs()).toUTCString()}`] : []),
      '\r\n',
    ].join('\r\n');
    return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
  }

  async #replyTo(request: TerminalRequest): Promise<Reply> {
    switch (request.name) {
      case 'cdata':
        return request.method === 'POST' ? this.#upload(request) : this.#options(request);
      case 'rtdata':
        return ok(this.#time.answer());
      case 'getrequest':
        return this.#poll(request);
      case 'devicecmd':
        return this.#results(request);
      case 'registry':
        return this.#register();
      case 'push':
        return ok(pushParameters({ delay: POLL_SECONDS, errorDelay: ERROR_DELAY_SECONDS }));
      default:
        // Pings, and whatever firmware says that asks for nothing: another answer would be repeated for ever.
        return ok();
    }
  }

  async #options(request: TerminalRequest): Promise<Reply> {
    const { query } = request;
    if (query.get('type') === 'time') return ok(this.#time.answer());
    const { terminal, options, clock } = this.#context;
    this.#context.emit({
      type: 'identity',
      text: `ZK push ${query.get('pushver') ?? 'before 2'}`.slice(0, 40),
    });
    await terminal.keep({ memory: this.#drain.greeted() });
    return ok(
      optionBlock({
        serial: query.get('sn') ?? '',
        pushVersion: query.get('pushver'),
        logStamp: this.#drain.isReplaying ? undefined : terminal.recall(MEMORY.logStamp),
        operationStamp: terminal.recall(MEMORY.operationStamp),
        delay: POLL_SECONDS,
        errorDelay: ERROR_DELAY_SECONDS,
        wantsUsers: options.user_ids === 'card',
        wantsFingers: this.#people.wantsFingers,
        timeZone: timeZoneLine(options.time_zone_line, this.#time.zone.offsetMs(clock.wallMs())),
      }),
    );
  }

  async #upload({ query, body }: TerminalRequest): Promise<Reply> {
    const table = (query.get('table') ?? 'ATTLOG').toUpperCase();
    if (LOG_TABLES.has(table)) {
      const lines = linesOf(body);
      await takeLog(lines, query.get('stamp'), {
        context: this.#context,
        drain: this.#drain,
        time: this.#time,
      });
      return ok(`OK: ${lines.length}`);
    }
    if (PEOPLE_TABLES.has(table)) await this.#people.took(linesOf(body), table);
    if (USER_TABLES.has(table))
      return this.#takeUsers(linesOf(body), query.get('opstamp') ?? query.get('stamp'));
    // Photos, faces, options: nobody asked for them, and they are forgotten here.
    return ok(`OK: ${table === 'OPTIONS' || body.length === 0 ? 1 : linesOf(body).length}`);
  }

  async #takeUsers(lines: readonly string[], stamp: string | undefined): Promise<Reply> {
    const { terminal, options } = this.#context;
    if (options.user_ids !== 'card') return ok(`OK: ${lines.length}`);
    const cards = lines.flatMap((line) => parseUserLine(line) ?? []);
    for (let at = 0; at === 0 || at < cards.length; at += LINES_PER_KEEP) {
      const isLast = at + LINES_PER_KEEP >= cards.length;
      await terminal.keep({
        cards: cards.slice(at, at + LINES_PER_KEEP),
        clock: this.#time.clock,
        memory: isLast && stamp !== undefined ? { [MEMORY.operationStamp]: stamp } : {},
      });
    }
    return ok(`OK: ${lines.length}`);
  }

  async #poll({ query }: TerminalRequest): Promise<Reply> {
    const now = this.#time.now();
    const { terminal } = this.#context;
    const { memory, news, throughMs, isToReplay } = this.#drain.polled(
      now,
      attendanceCount(query.get('info')),
    );
    if (Object.keys(memory).length > 0 || news.length > 0) await terminal.keep({ memory, news });
    // What waits for the clock to become known is not in time yet: the log does not reach as far.
    if (throughMs !== undefined && this.#time.clock !== undefined)
      this.#context.emit({ type: 'drained', throughMs });
    if (isToReplay && !this.#commands.has('CHECK')) void this.#commands.add('CHECK');
    this.#time.set(now);
    await this.#people.informed(query.get('info'));
    const due = this.#commands.take(now.monoMs);
    if (due.length === 0) return ok();
    await terminal.keep({ memory: { [MEMORY.commandId]: String(Math.max(...due.map(({ id }) => id))) } });
    return ok(due.map(({ id, text }) => `C:${id}:${text}\n`).join(''));
  }

  #results({ body }: TerminalRequest): Reply {
    const text = Buffer.from(body).toString('utf8');
    for (const [, id = '', code = ''] of text.matchAll(/(?:^|[\r\n&])ID=(\d{1,9})&Return=(-?\d{1,9})/g)) {
      this.#commands.settle(Number(id), Number(code));
    }
    return ok();
  }

  async #register(): Promise<Reply> {
    const { terminal, randomBytes } = this.#context;
    const known = terminal.recall(MEMORY.registryCode);
    if (known !== undefined) return ok(`RegistryCode=${known}`);
    const code = Buffer.from(randomBytes(5)).toString('hex').toUpperCase();
    await terminal.keep({ memory: { [MEMORY.registryCode]: code } });
    return ok(`RegistryCode=${code}`);
  }

  #reject(reason: string, message: string): void {
    this.#context.emit({ type: 'rejected', reason, message });
  }
}

function linesOf(body: Uint8Array): string[] {
  return Buffer.from(body)
    .toString('utf8')
    .replaceAll('\0', '')
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '');
}

/** `INFO=firmware,users,fingers,entries,address,…`: the fourth is how many entries it holds. */
function attendanceCount(info: string | undefined): number | undefined {
  const text = info?.split(',')[3];
  return text !== undefined && /^\d{1,8}$/.test(text) ? Number(text) : undefined;
}
