import type { Clock } from '@rollcall/protocol/clock';
import type { RollcallError } from '@rollcall/protocol/errors';
import { parseJson } from '@rollcall/protocol/parse';
import { TEMPLATES_PER_FETCH_MAX, templatesSentSchema } from '@rollcall/protocol/template-transfer';
import type { Log } from '../log.js';
import { download } from './download.js';
import { Pursuit } from './pursuit.js';
import type { TemplateSeal } from './template-seal.js';
import type { TemplateStore } from './template-store.js';

/** Of one answer: a hundred of the largest templates. */
const ANSWER_BYTES_MAX = 8 * 1024 * 1024;

/** What a roster says of templates. */
export interface TemplatesWanted {
  /** Of the roster. */
  version: number;
  ids: readonly string[];
}

export interface TemplateSyncOptions {
  gatewayId: string;
  centralUrl: string;
  password: string;
  ca: Buffer | undefined;
  store: TemplateStore;
  seal: TemplateSeal;
  clock: Clock;
  log: Log;
  /** Of the roster in force, or of the one that is about to be, at this moment. */
  isListed: (templateId: string) => boolean;
  random?: () => number;
  /** Every template of the newest roster is here, or what keeps them away. */
  onState?: (problem: RollcallError | undefined) => void;
}

/**
 * Fetches the templates that the roster lists, sealed, and keeps trying. Apart from the roster itself: cards must not
 * wait for fingers.
 */
export class TemplateSync {
  readonly #options: TemplateSyncOptions;
  readonly #pursuit: Pursuit<TemplatesWanted>;
  #completeVersion: number | undefined;

  constructor(options: TemplateSyncOptions) {
    this.#options = options;
    const { clock, log, random, onState } = options;
    this.#pursuit = new Pursuit({
      clock,
      log,
      random,
      isDone: ({ version }) => version === this.#completeVersion,
      take: (wanted, signal) => this.#take(wanted, signal),
      onTaken: ({ version }) => {
        this.#completeVersion = version;
      },
      unforeseen: { code: 'TEMPLATE_INVALID', message: 'The fingerprint templates could not be stored' },
      meanwhile: 'templates are missing',
      onProblem: onState,
    });
  }

  /** The roster whose templates are all here; undefined while some are missing. */
  get completeVersion(): number | undefined {
    return this.#completeVersion;
  }

  follow(wanted: TemplatesWanted): Promise<void> {
    return this.#pursuit.follow(wanted);
  }

  stop(): void {
    this.#pursuit.stop();
  }

  async #take({ ids }: TemplatesWanted, signal: AbortSignal): Promise<void> {
    const { store, log } = this.#options;
    const here = new Set(store.ids());
    const missing = ids.filter((id) => !here.has(id));
    for (let at = 0; at < missing.length; at += TEMPLATES_PER_FETCH_MAX) {
      await this.#fetch(missing.slice(at, at + TEMPLATES_PER_FETCH_MAX), signal);
    }
    if (missing.length > 0) log.info({ fetched: missing.length }, 'fingerprint templates came');
  }

  /** One that central leaves out was revoked; the next roster does not list it. */
  async #fetch(ids: readonly string[], signal: AbortSignal): Promise<void> {
    const { gatewayId, centralUrl, password, ca, store, seal } = this.#options;
    const base = centralUrl.endsWith('/') ? centralUrl : `${centralUrl}/`;
    const bytes = await download({
      url: new URL(`api/v1/attendance/gateways/${gatewayId}/templates/fetch/`, base),
      username: gatewayId,
      password,
      ca,
      bytesMax: ANSWER_BYTES_MAX,
      signal,
      body: { ids },
    });
    const { templates } = parseJson(
      templatesSentSchema,
      bytes,
      'TEMPLATE_INVALID',
      'The templates of central',
    );
    const asked = new Set(ids);
    const own = templates.filter(({ template_id }) => asked.has(template_id));
    // One that does not open would only be found out with a finger on the glass.
    for (const template of own) seal.open(Buffer.from(template.sealed, 'base64'), template);
    // A newer roster may have come while these were on their way: what it does not list must not come back.
    store.put(own.filter(({ template_id }) => this.#options.isListed(template_id)));
  }
}
