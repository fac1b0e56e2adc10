import type { Clock } from '@rollcall/protocol/clock';
import type { CardRead } from '@rollcall/protocol/credential';
import { PROJECTIONS } from '@rollcall/protocol/credential-hash';
import { Silence } from '../silence.js';

/**
 * The card that was shown last: readers that repeat it while it stays in the field make one presentation, and only a
 * card that was away for the hold-off is shown again.
 */
export class ShownCard {
  readonly #away: Silence;
  #present: string | undefined;

  constructor(options: { clock: Clock; holdOffMs: number }) {
    this.#away = new Silence({
      clock: options.clock,
      limitMs: options.holdOffMs,
      onSilent: () => {
        this.#present = undefined;
      },
    });
  }

  /** False for a repetition of the card that is there. */
  isNew({ values }: CardRead): boolean {
    const key = PROJECTIONS.map((projection) => values[projection] ?? '').join(' ');
    const isNew = key !== this.#present;
    this.#present = key;
    this.#away.restart();
    return isNew;
  }

  close(): void {
    this.#away.cancel();
    this.#present = undefined;
  }
}
