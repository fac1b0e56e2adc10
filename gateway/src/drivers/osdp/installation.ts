import type { DriverContext } from '../driver.js';
import { comset, POLL } from './commands.js';
import type { Link } from './link.js';
import type { OsdpOptions } from './options.js';

/** A new reader is moved to where the configuration has it: COMSET, answered at the old place. */
export async function moveToAddress(context: DriverContext<OsdpOptions>, link: Link): Promise<void> {
  const { install, install_address: from, install_baud, address, baud } = context.options;
  if (!install || from === undefined) return;
  link.restart();
  if ((await link.ask(POLL)).type !== 'trouble') return;
  await link.holdTurn(async () => {
    await context.setBaud(install_baud);
    link.restart(from);
    await link.ask(comset(address, baud));
    await context.setBaud(baud);
  });
}
