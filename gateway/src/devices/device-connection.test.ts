import { RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type DriverContext, type DriverDefinition, defineDriver } from '../drivers/driver.js';
import { MemoryPort } from '../transport/memory.fixture.js';
import { CaptureRing } from './capture-ring.js';
import { Counters } from './counters.js';
import { DeviceConnection, type DeviceConnectionOptions } from './device-connection.js';

const contexts: DriverContext<unknown>[] = [];

const plain: DriverDefinition<unknown> = defineDriver({
  id: 'plain',
  kind: 'card',
  title: 'a reader of this test',
  hasLights: false,
  link: { baud: 9600, dtr: false, rts: false, readyWithinMs: 0 },
  options: z.unknown(),
  open: (context) => {
    contexts.push(context);
    return { onBytes: () => undefined, close: () => undefined };
  },
});

function connect(
  port: MemoryPort,
  driver: DriverDefinition<unknown>,
  more: Partial<DeviceConnectionOptions> = {},
): DeviceConnection {
  return new DeviceConnection({
    device: { id: 'reader', driver: driver.id, port: 'tcp://10.0.0.9:4370', options: {} },
    driver,
    openTransport: port.openTransport,
    clock: systemClock,
    counters: new Counters(),
    capture: new CaptureRing(),
    onEvent: () => undefined,
    onBytes: () => undefined,
    onLost: () => undefined,
    ...more,
  });
}

describe('a connection to a device', () => {
  it.each([true, false])('tells its driver whether somebody only looks (%s)', async (isLookedAt) => {
    const connection = connect(new MemoryPort(), plain, isLookedAt ? { isLookedAt } : {});
    await connection.open(() => undefined);
    expect(contexts.at(-1)?.isLookedAt).toBe(isLookedAt);
    await connection.close();
  });

  it('that finds nobody says what the family has to say of that, and what the port said otherwise', async () => {
    const port = new MemoryPort();
    const advised = { ...plain, adviceWhereAbsent: (path: string) => `nobody at ${path}; try the other one` };
    const opening = (driver: DriverDefinition<unknown>): Promise<void> =>
      connect(port, driver).open(() => undefined);
    port.failure = new RollcallError('PORT_ABSENT', 'it is not there');
    await expect(opening(advised)).rejects.toMatchObject({
      code: 'PORT_ABSENT',
      message: expect.stringContaining('nobody at tcp://10.0.0.9:4370; try the other one'),
      cause: port.failure,
    });
    await expect(opening(plain)).rejects.toBe(port.failure);
    port.failure = new RollcallError('PORT_BUSY', 'somebody has it');
    await expect(opening(advised)).rejects.toBe(port.failure);
  });
});
