import { type AddressInfo, createServer } from 'node:net';
import { RollcallError } from '@rollcall/protocol/errors';

const LOOPBACK = '127.0.0.1';

export interface WantedPort {
  port: number;
  what: string;
  option: string;
  variable: string;
}

/**
 * Checks a port before anything is started, and gives 0 a number: a child that is restarted must come back
 * on the port that the others know.
 */
export async function claimPort({ port, what, option, variable }: WantedPort): Promise<number> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, LOOPBACK, resolve);
    });
    return (server.address() as AddressInfo).port;
  } catch (cause) {
    throw new RollcallError(
      'PORT_TAKEN',
      `Port ${port} (${what}) cannot be used: ${(cause as Error).message}. ` +
        `Stop the program that holds it, or choose another with ${option} or ${variable}.`,
      { cause },
    );
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}
