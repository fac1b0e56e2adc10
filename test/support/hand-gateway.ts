import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchKind } from '@rollcall/protocol/batch';
import type { CommitAck } from '@rollcall/protocol/commit-ack';
import { encodeSignedBatch } from '@rollcall/protocol/signed-batch';
import { buildTopic, downFilter } from '@rollcall/protocol/topics';
import { createUuidV7Generator } from '@rollcall/protocol/uuid-v7';
import type { Campus } from './campus.js';
import { hashesOf } from './cards.js';
import { MqttClient } from './mqtt-client.js';
import { until } from './until.js';

export type Row = Record<string, unknown> & { seq: number };

export interface SendOptions {
  kind?: BatchKind;
  storeId?: string;
  /** Contract version written into the batch. */
  version?: number;
  /** Bytes to send instead of the signed batch, made from it. */
  tamper?: (signed: Uint8Array) => Uint8Array;
}

/** What a gateway is on the wire and nothing else: for batches that a correct gateway would never send. */
export class HandGateway {
  readonly id: string;
  readonly storeId = randomUUID();
  readonly bootId = randomUUID();
  readonly client: MqttClient;
  readonly #key: KeyObject;
  readonly #cardKey: string;
  readonly #newPunchId = createUuidV7Generator({
    wallMs: () => Date.now(),
    randomUuid: randomUUID,
    after: undefined,
  });

  private constructor(id: string, client: MqttClient, keys: { key: KeyObject; cardKey: string }) {
    this.id = id;
    this.client = client;
    this.#key = keys.key;
    this.#cardKey = keys.cardKey;
  }

  /** Takes the place of a gateway of the campus that is not running: its key, its login. */
  static async connect(
    campus: Campus,
    gateway = campus.gateway,
    port = campus.wire.port,
  ): Promise<HandGateway> {
    const client = await MqttClient.connect({
      port,
      clientId: gateway.id,
      username: gateway.id,
      password: readFileSync(join(campus.provisionDir, gateway.id, 'mqtt-password'), 'utf8').trim(),
    });
    await client.subscribe(downFilter(gateway.id));
    const key = createPrivateKey(readFileSync(join(gateway.dataDir, 'gateway-key.pem')));
    return new HandGateway(gateway.id, client, { key, cardKey: campus.cardHashKey() });
  }

  /** A good punch of one card. */
  punch(seq: number, uid: string, deviceId = 'line-r101'): Row {
    return {
      seq,
      boot_id: this.bootId,
      mono_ms: 1_000 + seq,
      occurred_at: new Date().toISOString(),
      clock_state: 'synced',
      punch_id: this.#newPunchId(),
      device_id: deviceId,
      kind: 'card',
      credential: hashesOf(uid, 'line', this.#cardKey),
    };
  }

  async send(rows: readonly Row[], options: SendOptions = {}): Promise<void> {
    const { kind = 'punch', tamper = (signed) => signed } = options;
    const payload = tamper(this.signed(rows, options));
    await this.client.publish(buildTopic({ kind, gatewayId: this.id }), payload);
  }

  signed(
    rows: readonly Row[],
    { storeId = this.storeId, version = 1 }: SendOptions = {},
    key = this.#key,
  ): Uint8Array {
    const batch = { v: version, gateway_id: this.id, store_id: storeId, rows };
    const body = new TextEncoder().encode(JSON.stringify(batch));
    return encodeSignedBatch({ keyId: keyIdOf(key), signature: sign(null, body, key), body });
  }

  /** The same batch, signed by somebody who is not this gateway. */
  forged(rows: readonly Row[]): Uint8Array {
    return this.signed(rows, {}, generateKeyPairSync('ed25519').privateKey);
  }

  get acks(): CommitAck[] {
    const topic = buildTopic({ kind: 'ack', gatewayId: this.id });
    return this.client.received
      .filter((message) => message.topic === topic)
      .map((message) => JSON.parse(message.payload.toString('utf8')) as CommitAck);
  }

  /** The first ack of this store that reaches `throughSeq`. */
  acked(throughSeq: number, storeId = this.storeId): Promise<CommitAck> {
    return until(
      `${this.id} is acked through ${throughSeq}`,
      () => this.acks.find((ack) => ack.store_id === storeId && ack.through_seq >= throughSeq),
      { describe: () => JSON.stringify(this.acks) },
    );
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function keyIdOf(key: KeyObject): string {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  return createHash('sha256').update(Buffer.from(x, 'base64url')).digest('hex').slice(0, 16);
}
