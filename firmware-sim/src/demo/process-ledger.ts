import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { identify, isRunning, type ProcessIdentity, processIdentitySchema } from './process-identity.js';

const CHILDREN_MAX = 64;

const ledgerSchema = z.strictObject({
  demo: processIdentitySchema,
  children: z.array(processIdentitySchema).max(CHILDREN_MAX),
});
type Ledger = z.infer<typeof ledgerSchema>;

/**
 * Which processes work in a data folder, kept in a file there. It keeps a second demo out, which would take the
 * readers and files of the first one away, and finds what a killed demo left running.
 */
export class ProcessLedger {
  readonly #path: string;
  #ledger: Ledger | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Takes the folder and returns the children of a dead demo that still run, in the order of their start.
   *
   * @throws RollcallError `DEMO_RUNNING` while another demo works there.
   */
  claim(): ProcessIdentity[] {
    const demo = identify('demo', process.pid);
    if (demo === undefined) throw new RollcallError('INTERNAL', 'This process is not in /proc.');
    const leftovers = this.#removeDead();
    this.#ledger = { demo, children: leftovers };
    if (this.#create(this.#ledger)) return leftovers;
    this.#ledger = undefined;
    throw running(this.#path, this.#read(this.#path)?.demo.pid);
  }

  /** Writes a child down, in place of an earlier one of the same name. */
  add(name: string, pid: number | undefined): void {
    const child = pid === undefined ? undefined : identify(name, pid);
    if (this.#ledger === undefined || child === undefined) return;
    const others = this.#ledger.children.filter((known) => known.name !== name);
    this.#ledger = { ...this.#ledger, children: [...others, child] };
    writeFileSync(this.#temporary, JSON.stringify(this.#ledger));
    renameSync(this.#temporary, this.#path);
  }

  /** Gives the folder back; what still runs stays written down for the next start. */
  release(): void {
    if (this.#ledger === undefined) return;
    const isEverythingOver = !this.#ledger.children.some(isRunning);
    this.#ledger = undefined;
    if (isEverythingOver) rmSync(this.#path, { force: true });
  }

  get #temporary(): string {
    return `${this.#path}.${process.pid}`;
  }

  #removeDead(): ProcessIdentity[] {
    const found = this.#read(this.#path);
    if (found !== undefined && isRunning(found.demo)) throw running(this.#path, found.demo.pid);
    try {
      renameSync(this.#path, this.#temporary);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    const moved = this.#read(this.#temporary);
    if (moved !== undefined && isRunning(moved.demo)) {
      // Somebody else cleaned up and took the folder between our look and our move.
      renameSync(this.#temporary, this.#path);
      throw running(this.#path, moved.demo.pid);
    }
    rmSync(this.#temporary);
    return (moved?.children ?? []).filter(isRunning);
  }

  /** In one step and whole, or not at all: false when somebody was faster. */
  #create(ledger: Ledger): boolean {
    writeFileSync(this.#temporary, JSON.stringify(ledger));
    try {
      linkSync(this.#temporary, this.#path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(this.#temporary);
    }
  }

  /** Undefined for none, and for one that a full disk or another version left unreadable. */
  #read(path: string): Ledger | undefined {
    try {
      return ledgerSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
    } catch (error) {
      if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT')
        return undefined;
      throw error;
    }
  }
}

function running(path: string, pid: number | undefined): RollcallError {
  return new RollcallError(
    'DEMO_RUNNING',
    `Another demo (process ${pid ?? 'just started'}) works in this data folder, as ${path} says. ` +
      'Stop it with Ctrl-C where it runs, or give this one a folder of its own with --data-dir.',
  );
}
