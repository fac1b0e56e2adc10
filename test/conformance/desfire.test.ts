import { randomBytes } from 'node:crypto';
import { DesfireCard } from '@rollcall/firmware-sim/devices/pn532/desfire-card';
import { Random } from '@rollcall/firmware-sim/random';
import type { Card } from '@rollcall/gateway/drivers/pn532/card';
import { readCredential } from '@rollcall/gateway/drivers/pn532/credential';
import { pn532OptionsSchema } from '@rollcall/gateway/drivers/pn532/options';
import { describe, expect, it } from 'vitest';

const ROUNDS = 300;
const UID = Uint8Array.of(0x04, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66);
const KEY = new Uint8Array(16);

function cardOf(simulated: DesfireCard): Card {
  const exchange = async (data: Uint8Array): Promise<Uint8Array> => {
    const answer = simulated.exchange(data);
    return 'data' in answer ? answer.data : expect.unreachable();
  };
  simulated.select();
  return {
    target: { number: 1, technology: 'iso14443a', uid: simulated.uid, sak: 0x20 },
    exchange,
    exchangeRaw: exchange,
    randomBytes,
  };
}

/** Two implementations of one cryptography, written apart. */
describe('driver and simulated DESFire agree on any challenge', () => {
  it.each([
    ['ev1', 'full', 1],
    ['ev1', 'mac', 2],
    ['ev2', 'full', 1],
    ['ev2', 'mac', 2],
  ] as const)('%s, %s', async (authentication, protection, file) => {
    const options = pn532OptionsSchema.parse({
      credential: 'desfire',
      key_file: '/key',
      ...{ authentication, protection, file },
    });
    const simulated = new DesfireCard(UID, { generation: 'ev2', random: Random.of(3, authentication) });
    for (let round = 0; round < ROUNDS; round++) {
      const read = await readCredential(cardOf(simulated), options, KEY);
      expect(read.values.full).toBe(
        `cardfile:${Buffer.from('ROLL-2233445566\0').toString('hex').toUpperCase()}`,
      );
      const uid = await readCredential(cardOf(simulated), { ...options, number: 'uid' }, KEY);
      expect(uid.values.full).toBe('iso14443a:04112233445566');
    }
  });

  it('and no other key opens', async () => {
    const options = pn532OptionsSchema.parse({ credential: 'desfire', key_file: '/key' });
    const simulated = new DesfireCard(UID, { generation: 'ev2', random: new Random(1) });
    const wrong = Uint8Array.from(KEY, (_, index) => (index === 15 ? 1 : 0));
    await expect(readCredential(cardOf(simulated), options, wrong)).rejects.toMatchObject({
      context: { reason: 'key' },
    });
  });
});
