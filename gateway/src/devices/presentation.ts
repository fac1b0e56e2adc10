import type { CardRead } from '@rollcall/protocol/credential';
import type { FingerRefusal } from '@rollcall/protocol/gateway-event';
import type { DirectionHint } from '@rollcall/protocol/punch';
import type { FingerImage } from '../drivers/finger/sensor.js';
import type { FeedbackSignal } from '../feedback/signal.js';

/** One card shown to one device, as the device layer hands it to the punch recorder. */
export interface Presentation {
  readonly deviceId: string;
  readonly read: CardRead;
  /** Typed after the card, which has a presentation of its own already. */
  readonly pin?: string | undefined;
  readonly directionHint?: DirectionHint | undefined;
  /** Both clocks, read when the byte arrived that completed the frame. */
  readonly monoMs: number;
  readonly wallMs: number;
}

/**
 * Keeps a presentation. Resolves only after the row is fsynced (or was refused); the device layer then shows
 * the signal on the device's own lights or on those named by `feedback:`. Never rejects.
 */
export type RecordPresentation = (presentation: Presentation) => Promise<FeedbackSignal>;

/** A card whose holder was asked for the finger (verification 1:1). */
export interface VerifiedCard {
  readonly read: CardRead;
  readonly studentRef: string;
}

/** What a scanner says of a finger: whose slot it is, what it looks like, or that it is the one it was asked for. */
export type PresentedFinger =
  | { slot: number; score?: number }
  | { image: FingerImage }
  | { template: Uint8Array }
  /** Compared by the device with the templates of this student only; it fits that of this finger. */
  | { verified: string; position: number; score: number };

/** One finger on one scanner. */
export interface FingerPresentation {
  readonly deviceId: string;
  readonly finger: PresentedFinger;
  /** Set where a card came first and named whose finger it has to be. */
  readonly card?: VerifiedCard;
  readonly directionHint?: DirectionHint;
  readonly monoMs: number;
  readonly wallMs: number;
}

/** As {@link RecordPresentation}: resolves only after the row is fsynced, was refused, or there is none. */
export type RecordFinger = (presentation: FingerPresentation) => Promise<FeedbackSignal>;

/** Something that a scanner took for no living finger: it may be anybody's. */
export interface RefusedFinger {
  readonly deviceId: string;
  readonly reason: FingerRefusal;
  readonly monoMs: number;
  readonly wallMs: number;
}

/** Keeps that it happened. Resolves only after that is on disk, or could not be. Never rejects. */
export type RecordRefusedFinger = (refused: RefusedFinger) => Promise<FeedbackSignal>;
