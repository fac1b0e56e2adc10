import { join } from 'node:path';
import { loadConfig } from '../config/load.js';
import { KEY_FILE, loadSigner } from '../uplink/signer.js';

/** Prints the public half of the signing key, for its registration in central; makes the key at first use. */
export function key(options: { config: string }): Promise<number> {
  const { config } = loadConfig({ file: options.config, env: process.env });
  const { keyId, publicKey } = loadSigner(join(config.gateway.dataDir, KEY_FILE));
  const line = { gateway_id: config.gateway.id, key_id: keyId, public_key: publicKey };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  return Promise.resolve(0);
}
