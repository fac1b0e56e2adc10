import type { Clock } from '@rollcall/protocol/clock';
import { TerminalPeople } from './terminal-people.js';

/** India, the zone that a terminal in this simulator is set to. */
const ZONE_MS = 5.5 * 3_600_000;
/** What the largest terminals hold. */
export const ENTRIES_MAX = 1_000_000;
const STORED_EVERY_MS = 7_000;

export interface Entry {
  user: string;
  /** Its own wall clock, as though it were UTC. */
  localMs: number;
  verify: number;
  status: number;
  /** Its place was never written properly: what a power cut leaves in the flash. */
  isBroken?: true;
}

/** The flash of a terminal and its clock: both survive a power cut. */
export class TerminalMemory {
  readonly entries: Entry[] = [];
  readonly people = new TerminalPeople();
  readonly #clock: Clock;
  /** How far its clock is ahead of the true time. */
  #offsetMs = 0;
  /** Entries up to here were taken by the server, as the terminal believes. */
  sent = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get localMs(): number {
    return Math.floor((this.#clock.wallMs() + ZONE_MS + this.#offsetMs) / 1_000) * 1_000;
  }

  /** Somebody sets the clock in the menu, or the server does. */
  setLocal(localMs: number): void {
    this.#offsetMs = localMs - this.#clock.wallMs() - ZONE_MS;
  }

  setOffset(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }

  /** `1001`, or `1001:15` for another way than a finger. Undefined when the flash is full. */
  verified(shown: string): Entry | undefined {
    const [user = '', verify = '1'] = shown.split(':');
    return this.#add({ user, localMs: this.localMs, verify: Number(verify), status: 0 });
  }

  /** So many entries from before, of so many people, the newest a minute old. */
  store(count: number, people = 500): void {
    const newestMs = this.localMs - 60_000;
    for (let index = 0; index < count; index++) {
      const localMs = newestMs - (count - 1 - index) * STORED_EVERY_MS;
      this.#add({ user: String(1_001 + (index % people)), localMs, verify: 1, status: 0 });
    }
  }

  breakEntry(): void {
    const entry = this.#add({ user: '', localMs: Date.UTC(2000, 0, 1), verify: 0, status: 0 });
    if (entry !== undefined) entry.isBroken = true;
  }

  /** The server is to be sent everything again. */
  forgetSent(): void {
    this.sent = 0;
  }

  clear(): void {
    this.entries.length = 0;
    this.sent = 0;
  }

  #add(entry: Entry): Entry | undefined {
    if (this.entries.length >= ENTRIES_MAX) return undefined;
    this.entries.push(entry);
    return entry;
  }
}
