import type { Clock } from '@rollcall/protocol/clock';
import { isRollcallError } from '@rollcall/protocol/errors';
import type { GatewayEventDetail } from '@rollcall/protocol/gateway-event';
import type { BroughtFinger, TerminalPeople } from '../drivers/terminal-people.js';
import type { Log } from '../log.js';
import type { FingerGallery } from './finger-gallery.js';
import { RefusedFingers } from './refused-fingers.js';
import { type TerminalBook, UNWANTED } from './terminal-book.js';

export interface BroughtFingersOptions {
  book: TerminalBook;
  gallery: Pick<FingerGallery, 'read'>;
  clock: Clock;
  log: Log;
  report(detail: GatewayEventDetail): void;
}

const HOUR_MS = 3_600_000;
/** Firmware that gives back in another form what it was given would else be told again for ever. */
const UNDONE_PER_HOUR_MAX = 3;

/**
 * Fingers that terminals took unasked: they are not kept (ADR 45), and told to people. A terminal tells us what we gave it
 * as well; and whoever puts another finger in the place of one of ours is undone.
 */
export class BroughtFingers {
  readonly #options: BroughtFingersOptions;
  readonly #refused = new Map<string, RefusedFingers>();
  /** When each finger of a terminal was undone lately. */
  readonly #undone = new Map<string, number[]>();

  constructor(options: BroughtFingersOptions) {
    this.#options = options;
  }

  /** @returns `undone`: the terminal is to be told to have another one there, or none */
  take(deviceId: string, terminal: TerminalPeople, finger: BroughtFinger): 'known' | 'refused' | 'undone' {
    const { book, report, log } = this.#options;
    const { user: userId, studentRef, fingerPosition } = finger;
    const { identity, manages } = terminal;
    const booked = book.finger(identity, userId, fingerPosition);
    if (booked !== undefined && this.#isSame(booked.templateId, finger.record)) return 'known';
    const isManaged = manages !== 'off' && book.hasUser(identity, userId);
    const deletes =
      isManaged && this.#mayUndo(`${identity}/${userId}/${fingerPosition}`, booked?.isHeld !== false);
    // What the book has already is not written again: whoever is on its network can bring any number of fingers.
    if (deletes && booked?.isHeld !== false) {
      const templateId = booked?.templateId ?? UNWANTED;
      book.putFinger(identity, { userId, fingerPosition, templateId, isHeld: false });
    }
    if (this.#tellerOf(deviceId).isNew(`${userId}/${fingerPosition}`)) {
      log.warn({ code: 'TERMINAL_FINGER_REFUSED', device_id: deviceId }, 'a terminal took a finger unasked');
      report({
        type: 'terminal_finger_refused',
        device_id: deviceId,
        user: userId,
        student_ref: studentRef ?? null,
        finger_position: fingerPosition,
        deletes,
      });
    }
    return deletes ? 'undone' : 'refused';
  }

  /** @param isAnew it is told to put it right by this, and not on its way already */
  #mayUndo(finger: string, isAnew: boolean): boolean {
    const nowMs = this.#options.clock.monoMs();
    const lately = (this.#undone.get(finger) ?? []).filter((atMs) => nowMs - atMs < HOUR_MS);
    if (lately.length >= UNDONE_PER_HOUR_MAX && isAnew) return false;
    if (isAnew) this.#undone.set(finger, [...lately, nowMs]);
    return true;
  }

  #isSame(templateId: string, record: Uint8Array | undefined): boolean {
    if (record === undefined || templateId === UNWANTED) return false;
    try {
      return Buffer.from(this.#options.gallery.read(templateId)).equals(record);
    } catch (error) {
      if (!isRollcallError(error)) throw error;
      return false;
    }
  }

  #tellerOf(deviceId: string): RefusedFingers {
    const known = this.#refused.get(deviceId) ?? new RefusedFingers(this.#options.clock);
    this.#refused.set(deviceId, known);
    return known;
  }
}
