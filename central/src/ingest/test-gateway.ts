import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { BatchKind } from '@rollcall/protocol/batch';
import type { Projection, Technology } from '@rollcall/protocol/credential-hash';
import { encodeSignedBatch } from '@rollcall/protocol/signed-batch';
import { buildTopic } from '@rollcall/protocol/topics';
import type { Knex } from '../db/database.js';
import type { IncomingBatch } from './verify-batch.js';

export const TEST_NOW_MS = Date.UTC(2026, 6, 7, 4, 30);
export const BOOT_A = '00000000-0000-4000-8000-00000000000a';
export const BOOT_B = '00000000-0000-4000-8000-00000000000b';

/** A 32-byte keyed hash that stands for a card in tests. */
export const testHash = (card: string): string => createHash('sha256').update(card).digest('hex');

/** What a gateway would send, signed with a real key: the sending side of tests of ingest. */
export class TestGateway {
  readonly id: string;
  readonly storeId: string;
  readonly publicKey: Buffer;
  readonly keyId: string;
  readonly #keys: { publicKey: KeyObject; privateKey: KeyObject };

  constructor(
    id: string,
    storeId = `00000000-0000-4000-8000-${createHash('sha256').update(id).digest('hex').slice(0, 12)}`,
    keys = generateKeyPairSync('ed25519'),
  ) {
    this.id = id;
    this.storeId = storeId;
    this.#keys = keys;
    this.publicKey = keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    this.keyId = createHash('sha256').update(this.publicKey).digest('hex').slice(0, 16);
  }

  /** The same gateway after its database was replaced. */
  withStore(storeId: string): TestGateway {
    return new TestGateway(this.id, storeId, this.#keys);
  }

  async register(knex: Knex): Promise<void> {
    await knex('campus').insert({ id: 'main', name: 'Main' }).onConflict().ignore();
    await knex('building')
      .insert({ id: 'block-a', campus_id: 'main', name: 'Block A' })
      .onConflict()
      .ignore();
    await knex('room').insert({ id: 'r101', building_id: 'block-a', name: 'R101' }).onConflict().ignore();
    await knex('gateway').insert({ id: this.id, building_id: 'block-a', name: this.id });
    await knex('gateway_key').insert({ key_id: this.keyId, gateway_id: this.id, public_key: this.publicKey });
    await knex('attendance_biometric_device').insert({
      device_id: 'reader-1',
      gateway_id: this.id,
      device_name: 'Reader',
      device_type: 'rfid',
      driver: 'rdm6300',
      room_id: 'r101',
    });
  }

  punch(seq: number, changes: Record<string, unknown> = {}): Record<string, unknown> & { seq: number } {
    const { card = 'card-1', ...rest } = changes;
    return {
      seq,
      boot_id: BOOT_A,
      mono_ms: 1_000_000 + seq * 1000,
      occurred_at: new Date(TEST_NOW_MS - 3_600_000 + seq * 1000).toISOString(),
      clock_state: 'synced',
      punch_id: punchIdOf(this.id, this.storeId, seq),
      device_id: 'reader-1',
      kind: 'card',
      credential: { technology: 'em4100', hashes: [{ projection: 'full', hash: testHash(String(card)) }] },
      ...rest,
    };
  }

  anchor(seq: number, changes: Record<string, unknown> = {}): Record<string, unknown> & { seq: number } {
    return {
      seq,
      boot_id: BOOT_A,
      mono_ms: 1_000_000 + seq * 1000,
      occurred_at: new Date(TEST_NOW_MS - 3_600_000 + seq * 1000).toISOString(),
      clock_state: 'synced',
      source: 'sync',
      ...changes,
    };
  }

  event(seq: number, detail: Record<string, unknown>): Record<string, unknown> & { seq: number } {
    const { source: _source, ...position } = this.anchor(seq);
    return { ...position, seq, detail };
  }

  batch(kind: BatchKind, rows: unknown[], envelope: Record<string, unknown> = {}): IncomingBatch {
    const body = Buffer.from(
      JSON.stringify({ v: 1, gateway_id: this.id, store_id: this.storeId, rows, ...envelope }),
    );
    const payload = encodeSignedBatch({
      keyId: this.keyId,
      signature: sign(null, body, this.#keys.privateKey),
      body,
    });
    return { kind, gatewayId: this.id, payload, topic: buildTopic({ kind, gatewayId: this.id }) };
  }
}

/** The same UUIDv7 for the same row, another for every other one. */
export function punchIdOf(...parts: (string | number)[]): string {
  const hex = createHash('sha256').update(parts.join('/')).digest('hex');
  return `01900000-0000-7${hex.slice(0, 3)}-8${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}

interface TestCredential {
  student: string;
  card: string;
  projections?: Projection[];
  technology?: Technology;
  state?: string;
  from?: string;
  to?: string | null;
}

/** Issues a card; the student is made when missing. */
export async function issueCard(knex: Knex, credential: TestCredential): Promise<void> {
  const { student, card, projections = ['full'], technology = 'em4100', state = 'issued' } = credential;
  const { from = '2020-01-01T00:00:00Z', to = null } = credential;
  await knex('student')
    .insert({ roll_number: student, full_name: student })
    .onConflict('roll_number')
    .ignore();
  const { rows } = await knex.raw<{ rows: { id: string }[] }>(
    `INSERT INTO credential (student_id, technology, state, valid_during)
     SELECT id, ?, ?, tstzrange(?, ?) FROM student WHERE roll_number = ? RETURNING id`,
    [technology, state, from, to, student],
  );
  await knex('credential_hash').insert(
    projections.map((projection) => ({
      credential_id: rows[0]?.id,
      projection,
      hash: Buffer.from(testHash(card), 'hex'),
    })),
  );
}
