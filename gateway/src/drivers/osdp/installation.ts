import type { DriverContext } from '../driver.js';
import { type Command, comset, POLL } from './commands.js';
import type { Answer, Link } from './link.js';
import type { OsdpOptions } from './options.js';

/** A new reader is moved to where the configuration has it: COMSET, answered at the old place. */
export async function moveToAddress(context: DriverContext<OsdpOptions>, link: Link): Promise<void> {
  const { address, baud } = context.options;
  await askAtOldAddress(context, link, comset(address, baud));
}

/** Whether a new reader is still to be moved. It is only asked. */
export async function isAtOldAddress(context: DriverContext<OsdpOptions>, link: Link): Promise<boolean> {
  const answer = await askAtOldAddress(context, link, POLL);
  return answer !== undefined && answer.type !== 'trouble';
}

/** What only the doctor says: a gateway that runs does it instead. */
export function tellToCome({ emit }: DriverContext<OsdpOptions>, what: 'key' | 'address'): void {
  const problem = {
    key: 'The reader still has the default key or the one before; the gateway gives it the one of scbk_file when it runs',
    address:
      'The reader is still at install_address; the gateway moves it to its address and gives it its key when it runs',
  };
  emit({ type: 'condition', code: 'DEVICE_NOT_INSTALLED', problem: problem[what] });
}

/** Undefined where nothing is to be installed, or the reader is where it belongs. */
async function askAtOldAddress(
  context: DriverContext<OsdpOptions>,
  link: Link,
  command: Command,
): Promise<Answer | undefined> {
  const { install, install_address: from, install_baud, baud } = context.options;
  if (!install || from === undefined) return undefined;
  link.restart();
  if ((await link.ask(POLL)).type !== 'trouble') return undefined;
  let answer: Answer | undefined;
  await link.holdTurn(async () => {
    await context.setBaud(install_baud);
    link.restart(from);
    answer = await link.ask(command);
    await context.setBaud(baud);
  });
  return answer;
}
