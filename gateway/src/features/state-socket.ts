import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '@rollcall/protocol/clock';
import { deviceStatusSchema } from '@rollcall/protocol/device-status';
import { instantSchema } from '@rollcall/protocol/ids';
import * as z from 'zod';
import type { DeviceSnapshot } from '../devices/device-snapshot.js';
import type { Log } from '../log.js';
import { deviceStatus } from './device-reports.js';

const FILE = 'state.sock';
/** Rights of everybody but the owner, as a mask. */
const OTHERS = 0o077;
/** What Linux takes as the path of a socket, without its end (`sun_path` in unix(7)). */
const PATH_BYTES_MAX = 107;
/** Each of them is answered and let go; more at once are a mistake of whoever asks. */
const CONNECTIONS_MAX = 8;
/** Whoever does not read what he asked for is let go. */
const READ_WITHIN_MS = 5_000;

/** What whoever connects is told, as one JSON document; then the connection ends. */
export const gatewayStateSchema = z.strictObject({
  v: z.literal(1),
  as_of: instantSchema,
  devices: z.array(deviceStatusSchema),
});
export type GatewayState = z.infer<typeof gatewayStateSchema>;

export const stateSocketPath = (dataDir: string): string => join(dataDir, FILE);

export interface StateSocketOptions {
  dataDir: string;
  clock: Clock;
  log: Log;
  devices: () => readonly DeviceSnapshot[];
}

/**
 * Says on this machine how the devices fare, to whoever may open the socket: the service itself and root. It takes nothing:
 * whatever is written to it is not read.
 */
export class StateSocket {
  readonly #options: StateSocketOptions;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: StateSocketOptions) {
    this.#options = options;
    this.#path = stateSocketPath(options.dataDir);
  }

  /** Without it nothing but the doctor's answer is missing: a failure is told and the gateway goes on. */
  start(): void {
    const { log } = this.#options;
    if (Buffer.byteLength(this.#path) > PATH_BYTES_MAX) {
      log.warn(
        { path: this.#path },
        'gateway.data_dir is too long for a socket: the doctor cannot ask this gateway',
      );
      return;
    }
    const server = createServer((socket) => this.#answer(socket));
    server.maxConnections = CONNECTIONS_MAX;
    server.on('error', (err) => log.warn({ err }, 'the doctor cannot ask this gateway'));
    try {
      // Left by a gateway that was killed; only one runs on a data folder, by its lock.
      rmSync(this.#path, { force: true });
    } catch (err) {
      log.warn({ err }, 'something else is at this path: the doctor cannot ask this gateway');
      return;
    }
    // The socket is there when `listen` returns. Nobody else may connect to it before it has its own mode.
    const umask = process.umask(OTHERS);
    try {
      server.listen(this.#path, () => this.#narrow());
    } finally {
      process.umask(umask);
    }
    server.unref();
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  #narrow(): void {
    try {
      chmodSync(this.#path, 0o600);
    } catch (err) {
      this.#options.log.warn({ err }, 'the doctor cannot ask this gateway');
    }
  }

  #answer(socket: Socket): void {
    const { clock, devices } = this.#options;
    this.#sockets.add(socket);
    const cancel = clock.after(READ_WITHIN_MS, () => socket.destroy());
    // Whoever asked has gone.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      cancel();
      this.#sockets.delete(socket);
    });
    socket.resume();
    const state: GatewayState = {
      v: 1,
      as_of: new Date(clock.wallMs()).toISOString(),
      devices: devices().map(deviceStatus),
    };
    socket.end(JSON.stringify(state));
  }
}
