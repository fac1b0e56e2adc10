import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';
import type { GatewayConfig } from './config/schema.js';
import { loadCardHashKey } from './identify/card-hash-key.js';
import type { HmacHex } from './identify/keyed-hash.js';
import { loadTemplateSeal, type TemplateSeal } from './identify/template-seal.js';
import { KEY_FILE, loadSigner, type Signer } from './uplink/signer.js';

/** What the gateway reads from files of its own, never from the configuration itself. */
export interface Secrets {
  password: string;
  ca: Buffer | undefined;
  hmacHex: HmacHex;
  signer: Signer;
  /** Undefined on a gateway that keeps no fingerprints. */
  templateSeal: TemplateSeal | undefined;
}

/** @throws RollcallError `KEY_INVALID` or `CONFIG_INVALID`. */
export function readSecrets({ gateway, uplink, identify, fingers }: GatewayConfig): Secrets {
  const { caFile } = uplink;
  const { templateKeyFile } = fingers;
  const password = read(uplink.passwordFile, 'uplink.password_file').toString('utf8').trim();
  if (password === '') {
    throw new RollcallError(
      'CONFIG_INVALID',
      `uplink.password_file ${uplink.passwordFile} is empty; put the password in`,
    );
  }
  return {
    password,
    ca: caFile === undefined ? undefined : read(caFile, 'uplink.ca_file'),
    hmacHex: loadCardHashKey(identify.cardHashKeyFile),
    signer: loadSigner(join(gateway.dataDir, KEY_FILE)),
    templateSeal: templateKeyFile === undefined ? undefined : loadTemplateSeal(templateKeyFile),
  };
}

function read(file: string, key: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new RollcallError('CONFIG_INVALID', `${key}: ${file} ${missingOrForbidden(cause)}`, {
      cause,
    });
  }
}

function missingOrForbidden(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code === 'ENOENT'
    ? 'is missing; copy the file of this gateway from central, or correct the path'
    : 'cannot be read; make it readable for the group of the service (chgrp rollcall, chmod 640)';
}
