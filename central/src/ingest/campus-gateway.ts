import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import type { TestServer } from '../http/test-server.js';
import { silentLog } from '../log.js';
import { cardHmac } from '../people/campus-key.js';
import { TEST_CAMPUS_KEY } from '../seed/test-campus.js';
import type { GatewayAck } from './acks.js';
import { createIngest, type Ingest } from './ingest.js';
import { TestGateway } from './test-gateway.js';

/** Instants are given as `new Date`s of the campus; the rest as the wire has it. */
export interface CampusTap {
  /** Number of the student in the test campus; undefined for a card that nobody has. */
  student?: number | undefined;
  device?: string;
  /** Further members of the row. */
  row?: Record<string, unknown>;
}

/** For tests over HTTP: the gateway of the test campus, whose signed taps come through ingest. */
export class CampusGateway {
  readonly gateway: TestGateway;
  readonly acks: GatewayAck[] = [];
  readonly #ingest: Ingest;
  #seq = 0;

  private constructor(server: TestServer, id: string) {
    this.gateway = new TestGateway(id);
    const { db, clock } = server;
    this.#ingest = createIngest({ db, clock, log: silentLog, sendAck: (ack) => this.acks.push(ack) });
  }

  static async of(server: TestServer, id = 'gw-a'): Promise<CampusGateway> {
    const made = new CampusGateway(server, id);
    const { keyId, publicKey } = made.gateway;
    await server.db.knex('gateway_key').insert({ key_id: keyId, gateway_id: id, public_key: publicKey });
    return made;
  }

  punch(
    when: Date,
    { student, device = 'c101', row = {} }: CampusTap = {},
  ): { seq: number } & Record<string, unknown> {
    this.#seq += 1;
    const card = `em4100:${(0x0f00000001 + (student ?? 0xee)).toString(16).toUpperCase().padStart(10, '0')}`;
    return this.gateway.punch(this.#seq, {
      occurred_at: when.toISOString(),
      mono_ms: when.getTime() % 1_000_000_000,
      device_id: device,
      credential: hashRead(parseCanonical(card), cardHmac(TEST_CAMPUS_KEY)),
      ...row,
    });
  }

  anchor(row: Record<string, unknown>): { seq: number } & Record<string, unknown> {
    this.#seq += 1;
    return this.gateway.anchor(this.#seq, row);
  }

  async send(kind: 'punch' | 'anchor' | 'event', rows: readonly unknown[]): Promise<void> {
    await this.#ingest.accept(this.gateway.batch(kind, [...rows]));
    await this.#ingest.idle();
  }

  async tap(when: Date, tap: CampusTap = {}): Promise<void> {
    await this.send('punch', [this.punch(when, tap)]);
  }

  stop(): Promise<void> {
    return this.#ingest.stop();
  }
}
