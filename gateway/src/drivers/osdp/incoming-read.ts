import { parseReadReply, type ReadReply, SCAN, TEMPLATE_BYTES_MAX } from './biometrics.js';
import { type Part, PartialMessage, parsePart } from './parts.js';

/** The reply with a finger that was read, which may come in several parts. */
export class IncomingRead {
  #parts: { message: PartialMessage; head: ReadReply | undefined } | undefined;

  /** Some parts have come, and others have not. */
  get isPartial(): boolean {
    return this.#parts !== undefined;
  }

  drop(): void {
    this.#parts = undefined;
  }

  /** @returns the whole reply; `more` until its last part; `wrong` for what does not fit, with which it begins anew */
  take(data: Uint8Array): ReadReply | 'more' | 'wrong' {
    const reply = this.#parts === undefined ? this.#firstPart(data) : this.#nextPart(data);
    if (reply !== 'more') this.#parts = undefined;
    return reply;
  }

  /**
   * Where the template is larger than a packet, readers do one of two things: the whole reply travels in parts (OSDP v2.2
   * §5.10), or the reply has the length of the whole and only the rest of the template follows in parts (libosdp
   * `src/osdp_bio.c`).
   */
  #firstPart(data: Uint8Array): ReadReply | 'more' | 'wrong' {
    const part = parsePart(data);
    if (part !== undefined && part.offset === 0 && part.piece.length > 0 && part.piece.length < part.total) {
      return this.#collect(part, undefined);
    }
    const reply = parseReadReply(data);
    if (reply === undefined || reply.template.length > reply.length) return 'wrong';
    if (reply.template.length === reply.length || reply.status !== SCAN.done) return reply;
    return this.#collect({ total: reply.length, offset: 0, piece: reply.template }, reply);
  }

  #collect(part: Part, head: ReadReply | undefined): 'more' | 'wrong' {
    if (part.total > TEMPLATE_BYTES_MAX) return 'wrong';
    const message = new PartialMessage(part.total);
    if (!message.add(part)) return 'wrong';
    this.#parts = { message, head };
    return 'more';
  }

  #nextPart(data: Uint8Array): ReadReply | 'more' | 'wrong' {
    const part = parsePart(data);
    const { message, head } = this.#parts ?? {};
    if (part === undefined || message?.add(part) !== true) return 'wrong';
    if (message.whole === undefined) return 'more';
    if (head !== undefined) return { ...head, template: message.whole };
    const reply = parseReadReply(message.whole);
    return reply !== undefined && reply.template.length === reply.length ? reply : 'wrong';
  }
}
