import { createHash, createHmac, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { batchSchema } from './batch.js';
import { clockAnchorSchema } from './clock-anchor.js';
import { commandArgsSchemas, commandResponseSchema, commandSchema } from './command.js';
import { commitAckSchema } from './commit-ack.js';
import { hashRead, parseCanonical } from './credential.js';
import { deviceStatusSchema } from './device-status.js';
import { ERROR_CODES } from './errors.js';
import { gatewayEventSchema } from './gateway-event.js';
import { healthSchema } from './health.js';
import { parseJson, parseValue } from './parse.js';
import { punchSchema } from './punch.js';
import { rosterDocumentSchema, rosterPointerSchema } from './roster.js';
import { decodeSignedBatch } from './signed-batch.js';
import { statusSchema } from './status.js';

const document = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
const examples = [...document.matchAll(/```json (?<contract>\S+)\n(?<json>[\s\S]*?)```/g)].map((match) => ({
  contract: match.groups?.['contract'] ?? '',
  value: JSON.parse(match.groups?.['json'] ?? '') as unknown,
}));

const contracts: Record<string, z.ZodType> = {
  punch: punchSchema,
  anchor: clockAnchorSchema,
  event: gatewayEventSchema,
  ack: commitAckSchema,
  status: statusSchema,
  health: healthSchema,
  'device-status': deviceStatusSchema,
  'roster-pointer': rosterPointerSchema,
  roster: rosterDocumentSchema,
  command: commandSchema,
  response: commandResponseSchema,
};

describe('the description of the wire contract', () => {
  it('has one example of every message', () => {
    expect(examples.map(({ contract }) => contract).sort()).toEqual(Object.keys(contracts).sort());
  });

  it.each(examples)('shows a $contract that fits its contract', ({ contract, value }) => {
    const schema = contracts[contract];
    expect(schema).toBeDefined();
    if (schema !== undefined) expect(parseValue(schema, value, 'MESSAGE_INVALID', contract)).toEqual(value);
  });

  it('shows a signed batch that verifies with the key it names', () => {
    const bytes = new TextEncoder().encode(/^\{"v":1,"key_id".*\n.*$/m.exec(document)?.[0]);
    const { body, keyId, signature } = decodeSignedBatch(bytes);
    const raw = Buffer.from(/`([A-Za-z0-9+/]{43}=)`/.exec(document)?.[1] ?? '', 'base64');
    expect(keyId).toBe(createHash('sha256').update(raw).digest('hex').slice(0, 16));
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
      format: 'jwk',
    });
    expect(verify(null, body, key, signature)).toBe(true);
    const batch = parseJson(batchSchema, body, 'BATCH_INVALID', 'The example');
    expect(clockAnchorSchema.safeParse(batch.rows[0]).success).toBe(true);
  });

  it('shows the hashes of the card and key it names', () => {
    const key = Buffer.from('00112233445566778899aabbccddeeff'.repeat(2), 'hex');
    const hashed = hashRead(parseCanonical('em4100:01026F6C3A'), (text) =>
      createHmac('sha256', key).update(text).digest('hex'),
    );
    const punch = examples.find(({ contract }) => contract === 'punch')?.value;
    expect(punchSchema.parse(punch).credential).toEqual(hashed);
  });

  it('names every command', () => {
    for (const name of Object.keys(commandArgsSchemas)) expect(document).toContain(`\n| \`${name}\` |`);
  });

  it('names no error code that does not exist', () => {
    const named = [...document.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(8);
    for (const code of named) expect(Object.keys(ERROR_CODES)).toContain(code);
  });
});
