import type { LiveEvent } from '../api/types.js';

/** Events kept for replay; at 50 a second this covers the 20 s that a request may take. */
export const JOURNAL_EVENTS_MAX = 1_000;

/**
 * Remembers the last events of the stream. A snapshot requested before an event and answered after it would
 * overwrite that event in the cache: whoever fetches notes the position first and replays what came since.
 */
export class Journal {
  private readonly events: LiveEvent[] = [];
  private count = 0;

  get position(): number {
    return this.count;
  }

  add(event: LiveEvent): void {
    this.events.push(event);
    this.count += 1;
    if (this.events.length > JOURNAL_EVENTS_MAX) this.events.shift();
  }

  /** Oldest first; at most JOURNAL_EVENTS_MAX. */
  since(position: number): readonly LiveEvent[] {
    const wanted = Math.min(this.count - position, this.events.length);
    return wanted <= 0 ? [] : this.events.slice(-wanted);
  }
}
