import { createServer } from 'node:net';
import { cannotListen } from './cannot-listen.js';

/**
 * Finds out whether this machine can listen there, and lets the address go again. Whoever calls meanwhile is not
 * answered: a terminal that got any answer might believe that its log was taken.
 *
 * @throws RollcallError `PORT_BUSY`, `PORT_DENIED` or `PORT_ABSENT`.
 */
export async function tryListening({ host, port }: { host: string; port: number }): Promise<void> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(`http://${host}:${port}`, cause)));
    server.listen(port, host, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
