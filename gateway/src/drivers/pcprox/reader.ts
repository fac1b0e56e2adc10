import { type Clock, delay } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import type { FeatureReports } from '../driver.js';

/** Feature reports of eight bytes without a number, and the 0 in its place (pcProx note §3). */
const REPORT_BYTES = 9;
/** The firmware needs this long between a question and its answer. */
const ANSWER_MS = 2;

const COMMAND = { page: 0x80, info: 0x8a, cardInfo: 0x8e, cardData: 0x8f, finish: 0x90 } as const;
/** Pages that are left in memory only: a reader that is unplugged is what it was before. */
const KEEP_IN_MEMORY = 0;

export type Page = 0 | 1 | 2;

export interface CardBits {
  data: Uint8Array;
  bits: number;
}

/** The questions that a pcProx answers, one at a time (source: micolous/pcprox, protocol.md; firmware 7.3). */
export class PcproxReader {
  readonly #features: FeatureReports;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ features, clock, signal }: { features: FeatureReports; clock: Clock; signal: AbortSignal }) {
    this.#features = features;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Version of the firmware; undefined when what answers is no pcProx. */
  async version(): Promise<string | undefined> {
    const answer = await this.#inTurn(() => this.#ask(COMMAND.info));
    if (answer === undefined) return undefined;
    const [, , low = 0, major = 0] = answer;
    return `${major}.${low >> 4}.${low & 15}`;
  }

  /** As it is; all zeros where nothing in it is set, which the answer does not tell from a page that is not given. */
  async page(number: Page): Promise<Uint8Array> {
    const page = await this.#inTurn(() => this.#ask(COMMAND.page + number));
    return page ?? new Uint8Array(REPORT_BYTES - 1);
  }

  /** Puts pages into force until the reader loses its power. */
  configure(pages: readonly (readonly [Page, Uint8Array])[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const [number, page] of pages) {
        await this.#write(Uint8Array.of(COMMAND.page + number));
        await this.#write(page);
      }
      await this.#write(Uint8Array.of(COMMAND.finish, KEEP_IN_MEMORY));
    });
  }

  /** The card in the field; undefined for none. The data is asked first: without that the count stays zero. */
  card(): Promise<CardBits | undefined> {
    return this.#inTurn(async () => {
      const data = await this.#ask(COMMAND.cardData);
      if (data === undefined) return undefined;
      const info = await this.#ask(COMMAND.cardInfo);
      const bits = info?.[0] ?? 0;
      // The card left, or another came, between the two questions.
      return bits === 0 || bits > data.length * 8 || bits !== info?.[1] ? undefined : { data, bits };
    });
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #write(body: Uint8Array): Promise<void> {
    const report = new Uint8Array(REPORT_BYTES);
    report.set(body, 1);
    await this.#features.set(report);
    await delay(this.#clock, ANSWER_MS, this.#signal);
  }

  /** Undefined for an answer of zeros, which means that there is nothing. */
  async #ask(command: number): Promise<Uint8Array | undefined> {
    await this.#write(Uint8Array.of(command));
    const report = await this.#features.get(0, REPORT_BYTES);
    if (report.length !== REPORT_BYTES || report[0] !== 0) {
      throw new RollcallError(
        'DEVICE_TIMEOUT',
        `The answer to ${command.toString(16)} has another shape than that of a pcProx; check that the driver fits the reader`,
      );
    }
    const answer = report.subarray(1);
    return answer.every((byte) => byte === 0) ? undefined : answer;
  }
}
