/** How many templates each finger has, so that the number of fingers is known without counting. */
export class FingerCounts {
  readonly #fingerOf = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  get templates(): number {
    return this.#fingerOf.size;
  }

  get fingers(): number {
    return this.#counts.size;
  }

  has(id: string): boolean {
    return this.#fingerOf.has(id);
  }

  set(id: string, finger: string): void {
    this.delete(id);
    this.#fingerOf.set(id, finger);
    this.#counts.set(finger, (this.#counts.get(finger) ?? 0) + 1);
  }

  delete(id: string): boolean {
    const finger = this.#fingerOf.get(id);
    if (finger === undefined) return false;
    this.#fingerOf.delete(id);
    const left = (this.#counts.get(finger) ?? 1) - 1;
    if (left === 0) this.#counts.delete(finger);
    else this.#counts.set(finger, left);
    return true;
  }
}
