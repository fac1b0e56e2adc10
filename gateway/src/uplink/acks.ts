import { commitAckSchema } from '@rollcall/protocol/commit-ack';
import { isRollcallError } from '@rollcall/protocol/errors';
import { parseJson } from '@rollcall/protocol/parse';
import { crashPoint } from '../features/crash-point.js';
import type { Log } from '../log.js';

export interface AcksOptions {
  storeId: string;
  position: { readonly headSeq: number };
  /** Remembers it in the store. */
  mark: (throughSeq: number) => void;
  /** Lets the pump go on. */
  advance: (throughSeq: number) => void;
  /** Central has rows of this store that this disk never wrote: the disk went back in time. */
  onRolledBack: () => void;
  log: Log;
}

/** Takes `down/ack`: central's word, and the only one, that rows are committed. */
export class Acks {
  readonly #options: AcksOptions;

  constructor(options: AcksOptions) {
    this.#options = options;
  }

  take(payload: Uint8Array): void {
    const { storeId, position, mark, advance, onRolledBack, log } = this.#options;
    try {
      const ack = parseJson(commitAckSchema, payload, 'MESSAGE_INVALID', 'The commit ack');
      if (ack.store_id !== storeId) {
        log.debug({ storeId: ack.store_id }, 'an ack for another store was ignored');
        return;
      }
      if (ack.through_seq > position.headSeq) {
        // Marking would forget new rows that bear the numbers of lost ones.
        log.error(
          { code: 'STORE_ROLLED_BACK', throughSeq: ack.through_seq, headSeq: position.headSeq },
          'an ack was refused',
        );
        onRolledBack();
        return;
      }
      for (const { seq, code } of ack.rejected) log.warn({ seq, code }, 'central put a row into quarantine');
      crashPoint('after-ack-received');
      mark(ack.through_seq);
      advance(ack.through_seq);
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      log.warn({ code: error.code }, error.message);
    }
  }
}
