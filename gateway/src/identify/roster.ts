import { createHash } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { parseJson } from '@rollcall/protocol/parse';
import {
  ROSTER_BYTES_MAX,
  ROW_MEMBERS_HEADER,
  type RosterDocument,
  type RosterPointer,
  readRowMembers,
  rosterDocumentSchema,
} from '@rollcall/protocol/roster';
import type { Log } from '../log.js';
import { download } from './download.js';
import { Pursuit } from './pursuit.js';
import type { RosterStore } from './roster-store.js';

export interface RosterOptions {
  gatewayId: string;
  centralUrl: string;
  password: string;
  ca: Buffer | undefined;
  store: RosterStore;
  clock: Clock;
  log: Log;
  bytesMax?: number;
  random?: () => number;
  /** What keeps the newest roster away, or undefined once it is in force. */
  onProblem?: (problem: RollcallError | undefined) => void;
  /** Before it is in force, which acknowledges that whatever it does not list is gone. */
  beforeInForce?: (document: RosterDocument) => void;
  /** A newer roster is in force: central waits to hear of it. */
  onInForce?: () => void;
}

/** Follows the pointer in `down/roster`. Whatever goes wrong, the roster in force stays. */
export class Roster {
  readonly #options: RosterOptions;
  readonly #pursuit: Pursuit<RosterPointer>;

  constructor(options: RosterOptions) {
    this.#options = options;
    const { store, clock, log, random, onProblem } = options;
    this.#pursuit = new Pursuit({
      clock,
      log,
      random,
      isDone: ({ version }) => version <= store.version,
      take: (pointer, signal) => this.#take(pointer, signal),
      unforeseen: { code: 'ROSTER_INVALID', message: 'The roster could not be stored' },
      meanwhile: 'the roster in force stays',
      onProblem,
    });
  }

  /** Takes a pointer; an older or equal version than the one in force is no news. */
  async follow(pointer: RosterPointer): Promise<void> {
    const { store, log } = this.#options;
    if (pointer.version <= store.version) {
      if (pointer.version < store.version) {
        log.warn(
          { offered: pointer.version, inForce: store.version },
          'an older roster was offered and not taken',
        );
      }
      return;
    }
    await this.#pursuit.follow(pointer);
  }

  stop(): void {
    this.#pursuit.stop();
  }

  async #take(pointer: RosterPointer, signal: AbortSignal): Promise<void> {
    const { gatewayId, password, ca, store, log, bytesMax = ROSTER_BYTES_MAX } = this.#options;
    const url = this.#resolve(pointer.url);
    let members: string | undefined;
    const bytes = await download({
      url,
      username: gatewayId,
      password,
      ca,
      bytesMax,
      signal,
      onHeaders: (headers) => {
        members = headers[ROW_MEMBERS_HEADER]?.toString();
      },
    });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== pointer.sha256) {
      throw new RollcallError(
        'ROSTER_INVALID',
        `Roster ${pointer.version} is not what its pointer says (SHA-256 differs)`,
      );
    }
    const document = parseJson(rosterDocumentSchema, bytes, 'ROSTER_INVALID', `Roster ${pointer.version}`);
    if (document.version !== pointer.version || document.gateway_id !== gatewayId) {
      throw new RollcallError(
        'ROSTER_INVALID',
        `Roster ${pointer.version} for ${gatewayId} was promised; version ${document.version} for ${document.gateway_id} came`,
      );
    }
    this.#options.beforeInForce?.(document);
    await store.replace(document, readRowMembers(members));
    log.info({ version: document.version, students: document.students.length }, 'a new roster is in force');
    this.#options.onInForce?.();
  }

  /** The password goes to the configured central and nowhere else, whatever a pointer says. */
  #resolve(text: string): URL {
    const central = new URL(this.#options.centralUrl);
    const base = central.href.endsWith('/') ? central.href : `${central.href}/`;
    const url = URL.canParse(text) ? new URL(text) : new URL(text.replace(/^\/+/, ''), base);
    if (url.origin === central.origin) return url;
    throw new RollcallError(
      'ROSTER_INVALID',
      `The roster is offered at ${url.origin}, which is not uplink.central_url (${central.origin})`,
    );
  }
}
