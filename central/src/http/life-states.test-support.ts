import type { Knex } from '../db/database.js';
import type { SessionStatus } from '../rules/facts.js';
import { type SessionAction, TRANSITIONS } from '../sessions/state.js';
import type { Deed } from './life-step.test-support.js';

/** For tests: a class of a life, as it stood at one moment. */
export interface ClassState {
  id: string;
  status: SessionStatus;
  version: number;
}

interface Done {
  deed: Deed;
  /** The class that the step was about. */
  id: string;
  isRefused: boolean;
  /** In words. */
  what: string;
}

/** For tests: what may become of the classes of one day (domain A2), and that nothing becomes of locked ones. */
export class LifeStates {
  readonly #knex: Knex;
  readonly #date: string;
  /** What a locked class was like when it was locked. */
  readonly #locked = new Map<string, string>();

  constructor(knex: Knex, date: string) {
    this.#knex = knex;
    this.#date = date;
  }

  read(): Promise<ClassState[]> {
    return this.#knex('attendance_session')
      .where({ scheduled_date: this.#date })
      .orderBy(['start_at', 'created_at', 'course_code', 'section_id', 'id'])
      .select<ClassState[]>('id', 'status', 'version');
  }

  /** Only the changes of its own machine, one at a time, each counted in the version. @throws Error naming what does not hold */
  async check(before: readonly ClassState[], { deed, id, isRefused, what }: Done): Promise<void> {
    const known = new Map(before.map((one) => [one.id, one]));
    const after = await this.read();
    if (after.length < before.length) throw new Error(`${what} removed a class`);
    let changed = 0;
    for (const now of after) {
      const was = known.get(now.id);
      if (was === undefined) {
        if (deed.makes !== true || isRefused) throw new Error(`${what} made a class`);
        continue;
      }
      if (now.version < was.version)
        throw new Error(`the version went from ${was.version} to ${now.version}`);
      if (now.status === was.status) continue;
      changed += 1;
      const isMeant = deed.reach === undefined ? now.id === id : deed.reach !== 'one' || changed === 1;
      const isLegal = (deed.reach === 'catch-up' ? canReach : isOneOf)(
        was.status,
        now.status,
        deed.may ?? [],
      );
      if (isRefused || !isMeant || !isLegal || now.version === was.version) {
        throw new Error(`${what} made ${was.status} become ${now.status}`);
      }
    }
  }

  /** Case 18: from its lock on, a class and its marks stay what they are, whatever anybody does. */
  async checkLocked(): Promise<void> {
    for (const { id, status } of await this.read()) {
      if (status !== 'locked') {
        this.#locked.delete(id);
        continue;
      }
      const of = (table: string, columns: string[]) =>
        this.#knex(table)
          .where({ session_id: id })
          .orderBy(columns)
          .select(...columns);
      const now = JSON.stringify([
        await of('attendance_record', ['id', 'mark', 'version']),
        await of('decision', ['id', 'withdrawn_at']),
        await of('session_guest', ['student_id', 'counts_for_session_id']),
      ]);
      if ((this.#locked.get(id) ?? now) !== now) throw new Error(`the locked class session ${id} changed`);
      this.#locked.set(id, now);
    }
  }
}

const isOneOf = (from: SessionStatus, to: SessionStatus, actions: readonly SessionAction[]): boolean =>
  actions.some((action) => {
    const { from: allowed, to: target } = TRANSITIONS[action];
    return target === to && (allowed as readonly SessionStatus[]).includes(from);
  });

/** The scheduler catches up: several of its changes in one look. */
function canReach(from: SessionStatus, to: SessionStatus, actions: readonly SessionAction[]): boolean {
  const reached = new Set<SessionStatus>([from]);
  for (const one of reached) {
    for (const action of actions) {
      const { from: allowed, to: target } = TRANSITIONS[action];
      if ((allowed as readonly SessionStatus[]).includes(one)) reached.add(target);
    }
  }
  return reached.has(to);
}
