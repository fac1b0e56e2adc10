import type { Clock } from '@rollcall/protocol/clock';
import type { TerminalPeople } from '../drivers/terminal-people.js';
import { type TerminalBook, UNWANTED } from './terminal-book.js';
import { fingerKey } from './wanted-people.js';

/** A template that central has just taken is on a roster within seconds; one that is on none by then was withdrawn. */
const LISTED_WITHIN_MS = 600_000;

/** One enrollment at a terminal. */
export interface EnrollmentAtTerminal {
  terminal: TerminalPeople;
  /** The terminal has taken the finger, and nobody has kept it yet. */
  taken(userId: string, fingerPosition: number): void;
  /** Central has it, under this name. */
  kept(userId: string, fingerPosition: number, templateId: string): void;
  /** What was taken and not kept is to go from the terminal. */
  end(): void;
}

/** What is being enrolled at terminals, and what was just now: both are left alone by whoever tidies them. */
export class TerminalEnrollments {
  readonly #book: TerminalBook;
  readonly #clock: Clock;
  readonly #underway = new Set<string>();
  /** Until when a template may be on no roster. */
  readonly #fresh = new Map<string, number>();

  constructor({ book, clock }: { book: TerminalBook; clock: Clock }) {
    this.#book = book;
    this.#clock = clock;
  }

  /** @param onUnkept something is to be deleted from the terminal */
  begin(terminal: TerminalPeople, onUnkept: () => void): EnrollmentAtTerminal {
    const { identity } = terminal;
    const own = new Set<string>();
    const unkept = new Set<string>();
    return {
      terminal,
      taken: (userId, fingerPosition) => {
        const key = `${identity} ${fingerKey(userId, fingerPosition)}`;
        own.add(key);
        unkept.add(key);
        this.#underway.add(key);
        // The enrollment has had him known there; where users are managed, he leaves as the others do.
        if (terminal.manages !== 'off') this.#book.putUser(identity, { userId, isHeld: true });
        // Whatever happens before it is kept: it is to go from there.
        this.#book.putFinger(identity, { userId, fingerPosition, templateId: UNWANTED, isHeld: false });
      },
      kept: (userId, fingerPosition, templateId) => {
        unkept.delete(`${identity} ${fingerKey(userId, fingerPosition)}`);
        this.#fresh.set(templateId, this.#clock.monoMs() + LISTED_WITHIN_MS);
        this.#book.putFinger(identity, { userId, fingerPosition, templateId, isHeld: true });
      },
      end: () => {
        for (const key of own) this.#underway.delete(key);
        if (unkept.size > 0) onUnkept();
      },
    };
  }

  isUnderway(terminal: string, userId: string, fingerPosition: number): boolean {
    return this.#underway.has(`${terminal} ${fingerKey(userId, fingerPosition)}`);
  }

  /** With what no roster can list yet. */
  withFresh(allowed: ReadonlySet<string>): ReadonlySet<string> {
    const nowMs = this.#clock.monoMs();
    for (const [templateId, untilMs] of this.#fresh) {
      if (untilMs <= nowMs || allowed.has(templateId)) this.#fresh.delete(templateId);
    }
    return this.#fresh.size === 0 ? allowed : new Set([...allowed, ...this.#fresh.keys()]);
  }
}
