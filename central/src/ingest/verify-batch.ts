import { verify } from 'node:crypto';
import { type BatchKind, batchSchema } from '@rollcall/protocol/batch';
import { RollcallError } from '@rollcall/protocol/errors';
import { CONTRACT_VERSION } from '@rollcall/protocol/ids';
import { decodeJson, parseValue } from '@rollcall/protocol/parse';
import { decodeSignedBatch, type SignedBatch } from '@rollcall/protocol/signed-batch';
import type { GatewayKeys } from './gateway-keys.js';
import { readRows } from './read-rows.js';
import type { VerifiedBatch } from './verified-batch.js';

export interface IncomingBatch {
  topic: string;
  kind: BatchKind;
  /** As the topic says. */
  gatewayId: string;
  payload: Uint8Array;
}

/**
 * Turns bytes into rows that provably come from this gateway.
 *
 * @throws RollcallError of kind `input` for a message that must never count toward an ack
 */
export async function verifyBatch(
  keys: GatewayKeys,
  incoming: IncomingBatch,
  nowMs: number,
): Promise<VerifiedBatch> {
  const { kind, gatewayId, payload } = incoming;
  const signed = decodeSignedBatch(payload);
  await checkSignature(keys, gatewayId, signed);
  const value = decodeJson(signed.body, 'BATCH_INVALID', 'The batch');
  refuseOtherVersion(value);
  const batch = parseValue(batchSchema, value, 'BATCH_INVALID', 'The batch');
  if (batch.gateway_id !== gatewayId) {
    throw new RollcallError(
      'BATCH_INVALID',
      `The batch is of ${batch.gateway_id} but was sent as ${gatewayId}`,
    );
  }
  const storeId = batch.store_id.toLowerCase();
  return {
    gatewayId,
    storeId,
    rows: readRows(kind, { gatewayId, storeId }, batch.rows, nowMs),
    bytes: payload.length,
  };
}

async function checkSignature(keys: GatewayKeys, gatewayId: string, signed: SignedBatch): Promise<void> {
  const key = await keys.find(signed.keyId);
  if (key !== undefined && key.gatewayId === gatewayId) {
    if (verify(null, signed.body, key.publicKey, signed.signature)) return;
    throw new RollcallError('SIGNATURE_INVALID', `The batch of ${gatewayId} was changed after it was signed`);
  }
  if (!(await keys.isRegistered(gatewayId))) {
    throw new RollcallError(
      'GATEWAY_UNKNOWN',
      `There is no gateway ${gatewayId}; register it before it sends`,
    );
  }
  throw new RollcallError(
    'SIGNATURE_INVALID',
    `The key ${signed.keyId} is not a valid key of ${gatewayId}; register the public key that "rollcall-gateway key" prints`,
  );
}

function refuseOtherVersion(value: unknown): void {
  if (typeof value !== 'object' || value === null || !('v' in value)) return;
  if (typeof value.v !== 'number' || value.v === CONTRACT_VERSION) return;
  throw new RollcallError(
    'SCHEMA_VERSION_UNSUPPORTED',
    `The batch has contract version ${value.v}; this central speaks ${CONTRACT_VERSION}. Update the older side`,
  );
}
