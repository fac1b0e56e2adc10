/** Which slots of a module are taken, as far as this connection knows: what it does itself is no surprise. */
export class KnownSlots {
  /** Undefined until they were read once, and after a change of which nobody knows how far it came. */
  #taken: Set<number> | undefined;

  /** Whether it is worth asking for them. */
  get areKnown(): boolean {
    return this.#taken !== undefined;
  }

  /** What was read of them, and is believed. */
  note(slots: readonly number[]): void {
    this.#taken = new Set(slots);
  }

  /** They are changed, and not by one step. */
  forget(): void {
    this.#taken = undefined;
  }

  /** Does `work`, which changes them as `change` says where it ends well. */
  async whileChanged<T>(work: () => Promise<T>, change: (taken: Set<number>) => void): Promise<T> {
    const taken = this.#taken;
    this.#taken = undefined;
    const result = await work();
    if (taken !== undefined) change(taken);
    this.#taken = taken;
    return result;
  }

  /**
   * @param seen what the module says of them now: which they are, or how many where that is all it tells cheaply.
   * @returns false where somebody else has changed them.
   */
  areAs(seen: readonly number[] | number): boolean {
    if (this.#taken === undefined) return true;
    const taken = this.#taken;
    if (typeof seen === 'number') return seen === taken.size;
    return seen.length === taken.size && seen.every((slot) => taken.has(slot));
  }
}
