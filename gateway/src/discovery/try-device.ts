import type { Clock } from '@rollcall/protocol/clock';
import type { ErrorCode, RollcallError } from '@rollcall/protocol/errors';
import { CaptureRing } from '../devices/capture-ring.js';
import { Counters } from '../devices/counters.js';
import { DeviceConnection, toRollcallError } from '../devices/device-connection.js';
import type { DriverDefinition } from '../drivers/driver.js';
import type { OpenTransport } from '../transport/transport.js';
import { lookedAtTerminal } from './looked-at-terminal.js';

export type TryOutcome =
  /** `problems`: what the device said is wrong with it, each behind its code. */
  | { type: 'answered'; problems: readonly string[] }
  /** Opened; this family cannot be asked, so that only a card shows whether it is one. */
  | { type: 'opened' }
  | { type: 'failed'; reason: RollcallError };

export interface TryOptions {
  driver: DriverDefinition<unknown>;
  port: string;
  options: unknown;
  openTransport: OpenTransport;
  clock: Clock;
}

/** Opens a device, asks it whether it is there, and lets it go. Nothing that it says is kept, and nothing of it changed. */
export async function tryDevice({
  driver,
  port,
  options,
  openTransport,
  clock,
}: TryOptions): Promise<TryOutcome> {
  const problems = new Map<ErrorCode, string>();
  const connection = new DeviceConnection({
    device: { id: 'trial', driver: driver.id, port, options },
    driver,
    openTransport,
    clock,
    counters: new Counters(),
    capture: new CaptureRing(),
    terminal: lookedAtTerminal,
    isLookedAt: true,
    onEvent: (event) => {
      if (event.type !== 'condition') return;
      if (event.problem === null) problems.delete(event.code);
      else problems.set(event.code, `${event.code}: ${event.problem}`);
    },
    onBytes: () => undefined,
    onLost: () => undefined,
  });
  try {
    await connection.open(() => undefined);
    return connection.isAsked ? { type: 'answered', problems: [...problems.values()] } : { type: 'opened' };
  } catch (error) {
    return { type: 'failed', reason: toRollcallError(error) };
  } finally {
    await connection.close();
  }
}
