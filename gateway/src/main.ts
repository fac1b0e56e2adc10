import { RollcallError } from '@rollcall/protocol/errors';
import { StateSocket } from './features/state-socket.js';
import { Gateway, type GatewayOptions } from './gateway.js';

export interface RunOptions extends Omit<GatewayOptions, 'onDamage'> {
  /** Ends the gateway in order. */
  signal: AbortSignal;
}

/** Asks a running gateway for its captures (docs/operations.md). */
const CAPTURE_SIGNAL = 'SIGUSR2';

/**
 * Runs the gateway until it is told to stop.
 *
 * @throws RollcallError when it cannot start, and `STORE_CORRUPT` when only a new start can go on.
 */
export async function runGateway({ signal, ...options }: RunOptions): Promise<void> {
  const { log } = options;
  const damage = new AbortController();
  const gateway = new Gateway({ ...options, onDamage: () => damage.abort() });
  const dumpCaptures = (): void => gateway.dumpCaptures();
  process.on(CAPTURE_SIGNAL, dumpCaptures);
  const { config, clock } = options;
  const states = new StateSocket({
    dataDir: config.gateway.dataDir,
    clock,
    log: log.child({ part: 'state' }),
    devices: () => gateway.devices(),
  });
  try {
    await gateway.start();
    states.start();
  } catch (error) {
    // What had started already would keep alive a process that nobody can use.
    await gateway.stop();
    throw error;
  }
  await aborted(AbortSignal.any([signal, damage.signal]));
  process.off(CAPTURE_SIGNAL, dumpCaptures);
  log.info('stopping');
  await states.stop();
  await gateway.stop();
  log.info('stopped');
  if (!damage.signal.aborted) return;
  throw new RollcallError(
    'STORE_CORRUPT',
    'The store was damaged while running; start again and it is replaced',
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
