import type { TerminalMemory } from './terminal-memory.js';
import { type Dialect, uidOf } from './zk-dialects.js';

/** Whom a terminal knows: whoever is in its log, and those that the host wrote. Both survive a power cut. */
export class ZkUsers {
  readonly #memory: TerminalMemory;
  readonly #dialect: Dialect;
  /** As the host wrote them. */
  readonly #written = new Map<string, Buffer>();
  readonly #deleted = new Set<string>();

  constructor(memory: TerminalMemory, dialect: Dialect) {
    this.#memory = memory;
    this.#dialect = dialect;
  }

  get ids(): string[] {
    const punched = this.#memory.entries.map(({ user }) => user);
    return [...new Set([...punched, ...this.#written.keys()])].filter(
      (user) => user !== '' && !this.#deleted.has(user),
    );
  }

  record(user: string): Buffer {
    return this.#written.get(user) ?? this.#dialect.user(user, uidOf(user));
  }

  write(data: Buffer): void {
    const user = data.length === 72 ? textOf(data.subarray(48)) : String(data.readUInt32LE(24));
    this.#written.set(user, Buffer.from(data));
    this.#deleted.delete(user);
  }

  /** False where nobody has this number. */
  delete(uid: number): boolean {
    const user = this.ids.find((one) => this.#uid(one) === uid);
    if (user === undefined) return false;
    this.#deleted.add(user);
    this.#written.delete(user);
    return true;
  }

  #uid(user: string): number {
    return this.#written.get(user)?.readUInt16LE(0) ?? uidOf(user);
  }
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0);
  return field.subarray(0, end < 0 ? field.length : end).toString('latin1');
}
