import { RollcallError } from '@rollcall/protocol/errors';
import { Gateway, type GatewayOptions } from './gateway.js';

export interface RunOptions extends Omit<GatewayOptions, 'onDamage'> {
  /** Ends the gateway in order. */
  signal: AbortSignal;
}

/**
 * Runs the gateway until it is told to stop.
 *
 * @throws RollcallError when it cannot start, and `STORE_CORRUPT` when only a new start can go on.
 */
export async function runGateway({ signal, ...options }: RunOptions): Promise<void> {
  const { log } = options;
  const damage = new AbortController();
  const gateway = new Gateway({ ...options, onDamage: () => damage.abort() });
  await gateway.start();
  await aborted(AbortSignal.any([signal, damage.signal]));
  log.info('stopping');
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
