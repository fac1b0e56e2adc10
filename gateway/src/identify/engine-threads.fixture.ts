import { RollcallError } from '@rollcall/protocol/errors';
import { FINGER_WORDS } from '../biometrics/gallery/finger-code.js';
import { randomTemplate } from '../biometrics/gallery/random-template.fixture.js';
import { packTemplates, unpackTemplates } from '../biometrics/node/packed-templates.js';
import type { PackedTemplates } from '../biometrics/node/shard-messages.js';
import type {
  SearchOptions,
  SearchResult,
  ThreadedGalleryOptions,
} from '../biometrics/node/threaded-gallery.js';
import { encodeTemplate } from '../biometrics/template/record.js';
import { silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import type { EngineThreads } from './engine-gallery.js';
import { EngineTemplates } from './engine-templates.js';
import { createTemplateSeal } from './template-seal.js';
import { TemplateStore } from './template-store.js';

/** A gallery without threads: a probe fits whoever has the very same record. */
export class FakeThreads implements EngineThreads {
  readonly held = new Map<string, { finger: string; record: Uint8Array }>();
  readonly searches: SearchOptions[] = [];
  readonly #options: Required<ThreadedGalleryOptions>;
  /** Additions wait for it. */
  gate: Promise<void> = Promise.resolve();
  /** What was found is told after it. */
  searched: Promise<void> = Promise.resolve();
  made = 0;
  isClosed = false;

  constructor(options: Required<ThreadedGalleryOptions>) {
    this.#options = options;
  }

  get size(): number {
    return this.held.size;
  }

  get fingers(): number {
    return new Set([...this.held.values()].map(({ finger }) => finger)).size;
  }

  async add(id: string, finger: string, record: Uint8Array): Promise<void> {
    await this.gate;
    this.#failIfClosed();
    this.made += 1;
    this.held.set(id, { finger, record });
  }

  async store(templates: PackedTemplates): Promise<void> {
    await this.gate;
    this.#failIfClosed();
    for (const { id, finger, record } of unpackTemplates(templates)) this.held.set(id, { finger, record });
  }

  async remove(id: string): Promise<boolean> {
    this.#failIfClosed();
    return this.held.delete(id);
  }

  async *read(): AsyncGenerator<PackedTemplates> {
    const all = [...this.held].map(([id, entry]) => ({ id, ...entry, code: new Int32Array(FINGER_WORDS) }));
    if (all.length > 0) yield packTemplates(all);
  }

  async search(probe: Uint8Array, options: SearchOptions = {}): Promise<SearchResult> {
    this.#failIfClosed();
    this.searches.push(options);
    const fits = [...this.held.values()]
      .filter(({ finger, record }) => isSame(record, probe) && options.only?.includes(finger) !== false)
      .map(({ finger }) => ({ finger, score: 80 }));
    await this.searched;
    const [best, other] = fits;
    if (best === undefined) return { decision: { kind: 'none' }, ranking: [] };
    if (other !== undefined && options.only === undefined)
      return { decision: { kind: 'ambiguous', fingers: [best.finger, other.finger] }, ranking: fits };
    return { decision: { kind: 'match', ...best, lead: 80 }, ranking: fits };
  }

  /** The image is the record. */
  async extract({ pixels }: { pixels: Uint8Array }) {
    this.#failIfClosed();
    if (pixels[0] === 0) throw new RollcallError('FINGER_UNREADABLE', 'there is nothing in it');
    return { record: recordOf(pixels[0] ?? 0), quality: { score: 60, coverage: 1, reasons: [] } as never };
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  /** A thread ends by itself. */
  lose(): void {
    this.isClosed = true;
    this.#options.onLost(lost());
  }

  #failIfClosed(): void {
    if (this.isClosed) throw lost();
  }
}

const lost = (): RollcallError => new RollcallError('GALLERY_LOST', 'A thread ended');

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** The compact record of a made-up finger. */
export function recordOf(number: number): Uint8Array {
  return encodeTemplate(randomTemplate(number));
}

export const templateIdOf = (number: number): string =>
  `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** Sealed templates in a real store. */
export function templatesFixture() {
  const { store, clock, dataDir } = storeFixture();
  const templates = new TemplateStore(store.db);
  const seal = createTemplateSeal(Buffer.alloc(32, 7));
  const put = (number: number, studentRef: string, change: { format?: string; record?: Uint8Array } = {}) => {
    const { format = 'rollcall-1', record = recordOf(number) } = change;
    const place = {
      template_id: templateIdOf(number),
      student_ref: studentRef,
      finger_position: 2,
      format,
    };
    templates.put([{ ...place, sealed: seal.seal(record, place).toString('base64') }]);
  };
  const keepOnly = (...numbers: number[]) => templates.keepOnly(new Set(numbers.map(templateIdOf)));
  const source = new EngineTemplates({ store: templates, seal, log: silentLog });
  return { clock, dataDir, templates, seal, put, keepOnly, source };
}
