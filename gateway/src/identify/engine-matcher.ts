import { hasCode } from '@rollcall/protocol/errors';
import type { Decision } from '../biometrics/gallery/decide.js';
import { greyImage } from '../biometrics/image/grey-image.js';
import type { SearchOptions } from '../biometrics/node/threaded-gallery.js';
import type { EngineGallery, EngineThreads } from './engine-gallery.js';
import { probeRecord } from './engine-records.js';
import { positionOf, studentOf } from './engine-templates.js';
import type { FingerMatch, Matcher, MatchOptions, Probe } from './matcher.js';

const UNKNOWN: FingerMatch = { outcome: 'unknown' };

/** Recognizes fingers by the engine of this gateway (`../biometrics`). Nothing of a probe is kept. */
export class EngineMatcher implements Matcher {
  readonly #gallery: EngineGallery;

  constructor(gallery: EngineGallery) {
    this.#gallery = gallery;
  }

  async identify(probe: Probe, options: MatchOptions): Promise<FingerMatch> {
    const { signal, only } = options;
    const threads = this.#gallery.ready;
    const record = await recordOf(threads, probe, signal);
    if (record === undefined) return { outcome: 'unreadable' };
    const scope = this.#scopeOf(options);
    // Somebody without a finger here is not to be looked for among others.
    if (only !== undefined && scope.only?.length === 0) return UNKNOWN;
    const { decision } = await threads.search(record, scope);
    return this.#meaningOf(decision);
  }

  #scopeOf({ signal, only, expected }: MatchOptions): SearchOptions {
    if (only !== undefined) return { signal, only: this.#gallery.fingersOf(only) };
    if (expected === undefined) return { signal };
    return { signal, expected: [...expected].flatMap((student) => this.#gallery.fingersOf(student)) };
  }

  #meaningOf(decision: Decision): FingerMatch {
    switch (decision.kind) {
      case 'match': {
        const { finger, score } = decision;
        return this.#isHeld(finger)
          ? { outcome: 'recognized', studentRef: studentOf(finger), position: positionOf(finger), score }
          : UNKNOWN;
      }
      case 'ambiguous': {
        const [one, other] = decision.fingers;
        // The one that stays is recognized at the next try, without a rival.
        if (!this.#isHeld(one) || !this.#isHeld(other)) return UNKNOWN;
        return { outcome: 'ambiguous', studentRefs: [studentOf(one), studentOf(other)] };
      }
      case 'none':
        return UNKNOWN;
    }
  }

  /** It may have left while it was searched. */
  #isHeld(finger: string): boolean {
    return this.#gallery.fingersOf(studentOf(finger)).includes(finger);
  }
}

/** Undefined for an image without a finger in it. */
async function recordOf(
  threads: EngineThreads,
  probe: Probe,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  if ('template' in probe) return probeRecord(probe.template);
  try {
    return (await threads.extract(greyImage(probe.image), signal)).record;
  } catch (error) {
    if (hasCode(error, 'FINGER_UNREADABLE')) return undefined;
    throw error;
  }
}
