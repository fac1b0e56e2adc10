import { hashRead, parseCanonical } from '@rollcall/protocol/credential';
import type { ManualClock } from '@rollcall/protocol/manual-clock';
import type { Punch } from '@rollcall/protocol/punch';
import type { Database } from '../db/database.js';
import { silentLog } from '../log.js';
import { cardHmac } from '../people/campus-key.js';
import { TEST_CAMPUS_KEY } from '../seed/test-campus.js';
import { createIngest } from './ingest.js';
import { TestGateway } from './test-gateway.js';

/** For tests: cards shown at the readers of the test campus, through ingest as a gateway sends them. */
export class TestTaps {
  readonly #db: Database;
  readonly #gateway = new TestGateway('gw-a');
  readonly #ingest: ReturnType<typeof createIngest>;
  #seq = 0;

  constructor(db: Database, clock: ManualClock) {
    this.#db = db;
    this.#ingest = createIngest({ db, clock, log: silentLog, sendAck: () => undefined });
  }

  /** The reader of R101 unless another is named; a card number in canonical form. */
  async tap(card: string, at: Date, deviceId = 'c101', more: Partial<Punch> = {}): Promise<void> {
    if (this.#seq === 0) {
      await this.#db
        .knex('gateway_key')
        .insert({ key_id: this.#gateway.keyId, gateway_id: 'gw-a', public_key: this.#gateway.publicKey });
    }
    this.#seq += 1;
    const row = this.#gateway.punch(this.#seq, {
      occurred_at: at.toISOString(),
      device_id: deviceId,
      credential: hashRead(parseCanonical(card), cardHmac(TEST_CAMPUS_KEY)),
      ...more,
    });
    await this.#ingest.accept(this.#gateway.batch('punch', [row]));
    await this.#ingest.idle();
  }

  stop(): Promise<void> {
    return this.#ingest.stop();
  }
}

/** The card that the test campus gives to a student. */
export const cardOf = (index: number): string =>
  `em4100:${(0x0f00000001 + index).toString(16).toUpperCase().padStart(10, '0')}`;
