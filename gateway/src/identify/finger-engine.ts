import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@rollcall/protocol/clock';
import type { RollcallError } from '@rollcall/protocol/errors';
import type { GalleryHealth } from '@rollcall/protocol/health';
import { eraseGalleryCache } from '../biometrics/node/gallery-cache.js';
import { ThreadedGallery } from '../biometrics/node/threaded-gallery.js';
import { matchesOnGateway } from '../config/matches-on-gateway.js';
import type { DeviceConfig } from '../config/schema.js';
import type { Log } from '../log.js';
import { EngineGallery } from './engine-gallery.js';
import { EngineMatcher } from './engine-matcher.js';
import { EngineTemplates } from './engine-templates.js';
import { absentMatcher, type Matcher } from './matcher.js';
import type { TemplateSeal } from './template-seal.js';
import type { TemplateStore } from './template-store.js';

/** In the data folder; sealed with a key that is made of the template key. */
const CACHE_FILE = 'finger-gallery.cache';
const CACHE_KEY = 'rollcall finger gallery';
/** More than this many threads are not taken unless they are asked for: others work on this machine, too. */
const THREADS_UNASKED_MAX = 4;

export interface FingerEngineOptions {
  devices: readonly Pick<DeviceConfig, 'options'>[];
  /** Undefined on a gateway that keeps no fingerprints. */
  seal: TemplateSeal | undefined;
  store: TemplateStore;
  /** `fingers.match_threads` */
  threads: number | undefined;
  dataDir: string;
  clock: Clock;
  log: Log;
  onProblem(problem: RollcallError | undefined): void;
  onChange(): void;
}

/** What the gateway has of the engine, or the lack of it. */
export interface FingerEngine {
  readonly matcher: Matcher;
  /** Undefined where nothing is compared here. */
  readonly health: GalleryHealth | undefined;
  /** A template that left the store is still in the memory of a thread. */
  readonly holdsOthers: boolean;
  start(): void;
  templatesCame(): void;
  templatesLeft(): void;
  stop(): Promise<void>;
}

/** Threads are started only where a scanner leaves the comparing to the gateway and templates can be opened. */
export function createFingerEngine(options: FingerEngineOptions): FingerEngine {
  const { devices, seal, store, threads, dataDir, clock, log, onProblem, onChange } = options;
  const cachePath = join(dataDir, CACHE_FILE);
  if (seal === undefined || !devices.some(matchesOnGateway)) return withoutEngine(cachePath);
  const count = threads ?? threadsFor(availableParallelism());
  const gallery = new EngineGallery({
    templates: new EngineTemplates({ store, seal, log }),
    open: (events) => new ThreadedGallery(count, events),
    cache: { path: cachePath, secret: seal.derive(CACHE_KEY) },
    clock,
    log: log.child({ threads: count }),
    onProblem,
    onChange,
  });
  return {
    matcher: new EngineMatcher(gallery),
    get health() {
      const { state, templates, fingers } = gallery;
      return { state, templates, fingers };
    },
    get holdsOthers() {
      return gallery.holdsOthers;
    },
    start: () => gallery.start(),
    templatesCame: () => gallery.templatesCame(),
    templatesLeft: () => gallery.templatesLeft(),
    stop: () => gallery.stop(),
  };
}

/** One processor stays for taps and the disk. */
export function threadsFor(processors: number): number {
  return Math.max(1, Math.min(THREADS_UNASKED_MAX, processors - 1));
}

function withoutEngine(cachePath: string): FingerEngine {
  return {
    matcher: absentMatcher,
    health: undefined,
    holdsOthers: false,
    // What an earlier configuration left must not outlive what is enrolled.
    start: () => eraseGalleryCache(cachePath),
    templatesCame: () => undefined,
    templatesLeft: () => undefined,
    stop: () => Promise.resolve(),
  };
}
