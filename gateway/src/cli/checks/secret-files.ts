import { readFile, stat } from 'node:fs/promises';
import { hasCode } from '@rollcall/protocol/errors';
import { matchesOnGateway } from '../../config/matches-on-gateway.js';
import type { DeviceConfig, GatewayConfig } from '../../config/schema.js';
import { loadCardHashKey } from '../../identify/card-hash-key.js';
import { loadTemplateSeal } from '../../identify/template-seal.js';
import { type Check, type Finding, fail, ok } from './check.js';

/** Nobody but the owner may read, nobody but the owner and group may look. */
const OTHERS = 0o007;
const GROUP_WRITE = 0o020;

/** Secrets are there, not empty, and closed to other users. */
export const secretFiles: Check = {
  id: 'secret-files',
  run: ({ uplink, identify, fingers, devices }: GatewayConfig) =>
    Promise.all([
      checkSecret('uplink.password_file', uplink.passwordFile),
      checkKey('identify.card_hash_key_file', identify.cardHashKeyFile, loadCardHashKey),
      ...devices.flatMap((device) =>
        keyFilesOf(device).map(([name, file]) =>
          checkSecret(`${device.id}: ${name}`, file, 'write the key of this device into it (docs/readers/)'),
        ),
      ),
      ...checkTemplateKey(fingers.templateKeyFile, devices),
    ]),
};

const TEMPLATE_KEY = 'fingers.template_key_file';

/** A scanner that leaves the comparing to the gateway is of no use without templates that open. */
function checkTemplateKey(
  file: string | undefined,
  devices: readonly DeviceConfig[],
): (Finding | Promise<Finding>)[] {
  if (file !== undefined) return [checkKey(TEMPLATE_KEY, file, loadTemplateSeal)];
  return devices
    .filter(matchesOnGateway)
    .map(({ id }) =>
      fail(
        `${TEMPLATE_KEY} is not written, and ${id} leaves the comparing of fingers to this gateway`,
        `${FROM_CENTRAL} and name it, or write options.match: sensor for ${id}`,
      ),
    );
}

/** Options of a driver that name secret files, which by their name are those that end in `_file`. */
function keyFilesOf({ options }: DeviceConfig): [name: string, file: string][] {
  return Object.entries(options as Record<string, unknown>).flatMap(([name, value]) =>
    name.endsWith('_file') && typeof value === 'string' && value !== ''
      ? [[name, value] as [string, string]]
      : [],
  );
}

/** As {@link checkSecret}, of a campus key, which also has to be one. */
async function checkKey(key: string, file: string, load: (file: string) => unknown): Promise<Finding> {
  const finding = await checkSecret(key, file);
  if (finding.verdict !== 'ok') return finding;
  try {
    load(file);
    return finding;
  } catch (error) {
    if (!hasCode(error, 'KEY_INVALID')) throw error;
    return fail(
      `${key}: ${file} does not hold 64 hex digits`,
      'copy the file of this gateway from central again',
    );
  }
}

const FROM_CENTRAL = 'copy the file of this gateway from central ("rollcall-central seed --provision-dir")';

async function checkSecret(key: string, file: string, remedy = FROM_CENTRAL): Promise<Finding> {
  try {
    const { mode } = await stat(file);
    if ((mode & (OTHERS | GROUP_WRITE)) !== 0) {
      return fail(`${key}: ${file} is open to other users`, `sudo chmod 640 ${file}`);
    }
    if ((await readFile(file, 'utf8')).trim() === '') {
      return fail(`${key}: ${file} is empty`, remedy);
    }
    return ok(`${key}: ${file} is there and closed to others`);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES')
      return fail(`${key}: ${file} may not be read`, `sudo chgrp rollcall ${file} && sudo chmod 640 ${file}`);
    return fail(`${key}: ${file} is missing`, remedy);
  }
}
