import { createHmac, timingSafeEqual } from 'node:crypto';
import { RollcallError } from '@rollcall/protocol/errors';
import type { FileKey } from '../people/key-file.js';

/** Keyed hashes of seals and tombstones: whoever has only the database can forge neither (domain case 159). */
export interface AuditKeys {
  /** Of the key that new seals are made with. */
  readonly keyId: string;
  mac(bytes: Uint8Array): Buffer;
  /** Undefined where the key is not in the key file. */
  check(keyId: string, bytes: Uint8Array, mac: Uint8Array): boolean | undefined;
}

/** Derived from the keys of sealed data, so that there is no further file to lose; the first makes new ones. */
export function createAuditKeys(dataKeys: readonly FileKey[]): AuditKeys {
  const keys = new Map(
    dataKeys.map(({ id, bytes }) => [id, createHmac('sha256', bytes).update('audit seal').digest()]),
  );
  const [newest] = dataKeys;
  if (newest === undefined) throw new RollcallError('INTERNAL', 'there is no key to seal the audit log with');
  const macWith = (key: Buffer, bytes: Uint8Array): Buffer =>
    createHmac('sha256', key).update(bytes).digest();
  return {
    keyId: newest.id,
    mac: (bytes) => macWith(keys.get(newest.id) as Buffer, bytes),
    check(keyId, bytes, mac) {
      const key = keys.get(keyId);
      if (key === undefined) return undefined;
      const expected = macWith(key, bytes);
      return mac.length === expected.length && timingSafeEqual(expected, mac);
    },
  };
}
