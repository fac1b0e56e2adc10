import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { systemClock } from '@rollcall/protocol/system-clock';
import { readBootId } from '../features/clock-anchors.js';
import { silentLog } from '../log.js';
import { openStore, type Store } from '../store/store.js';

/**
 * The store of a gateway that is not running.
 *
 * @param instead what to do where it runs
 * @throws RollcallError `STORE_LOCKED` where it runs
 */
export function openStoppedStore(dataDir: string, instead: string): Store {
  try {
    return openStore({
      dataDir,
      clock: systemClock,
      log: silentLog,
      stamp: () => ({
        boot_id: readBootId(),
        mono_ms: Math.round(systemClock.monoMs()),
        occurred_at: new Date(systemClock.wallMs()).toISOString(),
        clock_state: 'unsynced',
      }),
    });
  } catch (error) {
    if (!hasCode(error, 'STORE_LOCKED')) throw error;
    throw new RollcallError(
      'STORE_LOCKED',
      `The gateway is running and has the scanners: ${instead}, or stop it first (systemctl stop rollcall-gateway)`,
      { cause: error },
    );
  }
}
