import type { CommandSender } from '../devices/commands.js';
import type { Ended } from './enrollment-state.js';

/**
 * Gives the scanners back to attendance; without it they take impressions until their own time limit. To be called
 * after the commit: what is rolled back has not ended.
 */
export function stopScanners(commands: CommandSender, ended: readonly Ended[]): void {
  for (const { id, gatewayId } of ended) commands.send(gatewayId, 'enroll_cancel', { enrollment_id: id });
}
