import { systemClock } from '@rollcall/protocol/system-clock';
import { trustNtp } from '../../features/clock-sync.js';
import { type Check, ok, warn } from './check.js';

/** Whether the system says that its clock is synchronized. */
export const clockSync: Check = {
  id: 'clock-sync',
  async run({ clock }) {
    if (clock.trust === 'system')
      return [ok('the clock is declared right by configuration (clock.trust: system)')];
    if ((await trustNtp(systemClock)()) !== undefined) return [ok('the clock is synchronized')];
    return [
      warn(
        'nothing says that the clock is synchronized; punches are kept and re-timed once it is',
        'sudo timedatectl set-ntp true and open UDP port 123; or clock.trust: system if something else keeps it right',
      ),
    ];
  },
};
