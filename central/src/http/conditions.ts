export type Binding = string | number | boolean | Date | null;

/** Collects the conditions of a list: filters that were not given add nothing. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly bindings: Binding[] = [];

  add(sql: string, ...bindings: Binding[]): this {
    this.#parts.push(`(${sql})`);
    this.bindings.push(...bindings);
    return this;
  }

  /** Adds `<column> = value` unless the value is undefined. */
  equal(column: string, value: Binding | undefined): this {
    return value === undefined ? this : this.add(`${column} = ?`, value);
  }

  get where(): string {
    return this.#parts.length === 0 ? 'true' : this.#parts.join(' AND ');
  }
}
