import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Clock } from '@rollcall/protocol/clock';
import type { Database } from '../db/database.js';

/** How long a revoked key can still be believed. */
const CACHE_MS = 15_000;
const CACHED_KEYS_MAX = 2_000;
/** DER of a SubjectPublicKeyInfo for Ed25519 (RFC 8410), before its 32 bytes. */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface GatewayKey {
  gatewayId: string;
  publicKey: KeyObject;
}

export interface GatewayKeys {
  /** The key if it is registered and not revoked. */
  find(keyId: string): Promise<GatewayKey | undefined>;
  /** True when the gateway itself is registered, whatever its keys. */
  isRegistered(gatewayId: string): Promise<boolean>;
  /** Asks PostgreSQL again about the keys of this gateway: it was revoked. */
  forget(gatewayId: string): void;
}

export function createGatewayKeys({ db, clock }: { db: Pick<Database, 'knex'>; clock: Clock }): GatewayKeys {
  const cache = new Map<string, { key: GatewayKey; untilMs: number }>();
  return {
    async find(keyId) {
      const cached = cache.get(keyId);
      if (cached !== undefined && cached.untilMs > clock.monoMs()) return cached.key;
      cache.delete(keyId);
      const row = await db
        .knex('gateway_key')
        .where({ key_id: keyId, revoked_at: null })
        .first<{ gateway_id: string; public_key: Buffer } | undefined>('gateway_id', 'public_key');
      if (row === undefined) return undefined;
      const key = { gatewayId: row.gateway_id, publicKey: toKeyObject(row.public_key) };
      if (cache.size >= CACHED_KEYS_MAX) cache.clear();
      cache.set(keyId, { key, untilMs: clock.monoMs() + CACHE_MS });
      return key;
    },
    forget(gatewayId) {
      for (const [keyId, { key }] of cache) if (key.gatewayId === gatewayId) cache.delete(keyId);
    },
    async isRegistered(gatewayId) {
      return (await db.knex('gateway').where({ id: gatewayId }).first('id')) !== undefined;
    },
  };
}

function toKeyObject(raw: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}
