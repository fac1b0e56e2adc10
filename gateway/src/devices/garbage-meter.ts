/** Rejected frames within the window that make a device degraded. */
export const GARBAGE_FRAMES_MAX = 10;
export const GARBAGE_WINDOW_MS = 60_000;

/** Reasons of the drivers that mean unreadable bytes, not a readable mistake of a sketch. */
const UNREADABLE: ReadonlySet<string> = new Set(['garbage', 'checksum', 'too_long']);

interface Rejection {
  monoMs: number;
  reason: string;
  message: string;
}

/** Notices a device whose bytes mostly cannot be believed. */
export class GarbageMeter {
  readonly #recent: Rejection[] = [];

  add(rejection: Rejection): void {
    this.#recent.push(rejection);
    if (this.#recent.length > GARBAGE_FRAMES_MAX) this.#recent.shift();
  }

  /** What to tell the technician; undefined while there is little garbage. */
  problemAt(monoMs: number): string | undefined {
    const [oldest] = this.#recent;
    if (oldest === undefined || this.#recent.length < GARBAGE_FRAMES_MAX) return undefined;
    if (monoMs - oldest.monoMs > GARBAGE_WINDOW_MS) return undefined;
    const isUnreadable = this.#recent.every(({ reason }) => UNREADABLE.has(reason));
    if (isUnreadable)
      return 'most of what arrives is unreadable; wrong baud? Otherwise check wiring and ground';
    return `most of what arrives is refused: ${this.#recent.at(-1)?.message ?? ''}`;
  }
}
