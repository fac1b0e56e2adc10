import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { freePort } from './free-port.js';

/** A broker outside of central, as an installation with Mosquitto or EMQX has one: no accounts, no ACL. */
export interface Broker {
  readonly name: string;
  readonly port: number;
  /** Stops it and forgets everything: retained messages, sessions, what was in flight. */
  stop(): Promise<void>;
  /** A new one on the same port, with empty memory. */
  restart(): Promise<void>;
}

/** aedes in the test's own process. */
export async function startAedes(): Promise<Broker> {
  const port = await freePort();
  let running = await listen(port);
  return {
    name: 'aedes',
    port,
    stop: () => running.stop(),
    async restart() {
      await running.stop();
      running = await listen(port);
    },
  };
}

async function listen(port: number): Promise<{ stop(): Promise<void> }> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  let isStopped = false;
  return {
    async stop() {
      if (isStopped) return;
      isStopped = true;
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
}
