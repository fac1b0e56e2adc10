import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import * as z from 'zod';
import { runCommand } from './cli/device-commands.js';
import { deviceState } from './devices/device-state.js';
import { type SimulatedDevice, SWIPE_MS } from './devices/simulated-device.js';
import { inflictFault } from './faults/registry.js';

const BODY_BYTES_MAX = 64 * 1024;
const LOOPBACK = '127.0.0.1';

const swipeSchema = z.strictObject({ uid: z.string(), ms: z.int().default(SWIPE_MS) });
const fingerSchema = z.strictObject({ finger: z.string(), ms: z.int().default(SWIPE_MS) });
const holdSchema = z.strictObject({ uid: z.string() });
const emptySchema = z.strictObject({});
/** A line as on standard input, for what only this kind of device can do. */
const commandSchema = z.strictObject({ line: z.string().max(200) });
const faultSchema = z.looseObject({ fault: z.string() });

/** What `POST /devices/:id/<action>` does. */
const ACTIONS: Record<string, (device: SimulatedDevice, body: unknown) => void | Promise<void>> = {
  swipe(device, body) {
    const { uid, ms } = checked(swipeSchema, body);
    device.swipe(uid, ms);
  },
  finger(device, body) {
    const { finger, ms } = checked(fingerSchema, body);
    device.touch(finger, ms);
  },
  hold(device, body) {
    device.hold(checked(holdSchema, body).uid);
  },
  remove(device, body) {
    checked(emptySchema, body);
    device.field.remove();
    device.fingers.remove();
  },
  unplug(device, body) {
    checked(emptySchema, body);
    return device.unplug();
  },
  plug(device, body) {
    checked(emptySchema, body);
    device.plug();
  },
  command: (device, body) => runCommand(device, checked(commandSchema, body).line),
  noise: (device, body) => inflictFault(device, 'noise', body),
  fault(device, body) {
    const { fault, ...options } = checked(faultSchema, body);
    return inflictFault(device, fault, options);
  },
};

/** HTTP on the loopback interface to drive simulated devices from any program. */
export class ControlApi {
  readonly #devices: ReadonlyMap<string, SimulatedDevice>;
  readonly #server: Server;

  constructor(devices: readonly SimulatedDevice[]) {
    this.#devices = new Map(devices.map((device) => [device.id, device]));
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  /** Starts to listen and returns the port; 0 takes any free one. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) =>
        reject(
          new RollcallError(
            'PORT_TAKEN',
            `The control API cannot listen on port ${port}. Choose another --control-port.`,
            {
              cause,
            },
          ),
        ),
      );
      this.#server.listen(port, LOOPBACK, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      reply(response, 200, await this.#answer(request));
    } catch (error) {
      const known = isRollcallError(error)
        ? error
        : new RollcallError(
            'INTERNAL',
            `The simulator failed: ${error instanceof Error ? error.message : String(error)}`,
          );
      reply(response, statusOf(known), { code: known.code, message: known.message });
    }
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const [collection, id, action, ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname
      .split('/')
      .filter((part) => part !== '');
    if (collection !== 'devices' || rest.length > 0)
      throw notFound('There is only /devices and what is below it.');
    if (id === undefined) {
      requireMethod(request, 'GET');
      return { devices: [...this.#devices.values()].map(deviceState) };
    }
    const device = this.#devices.get(id);
    if (device === undefined) throw notFound(`There is no device "${id}". GET /devices lists them.`);
    if (action === undefined) {
      requireMethod(request, 'GET');
      return deviceState(device);
    }
    if (!Object.hasOwn(ACTIONS, action)) {
      throw notFound(`A device has no "${action}". It has: ${Object.keys(ACTIONS).join(', ')}.`);
    }
    requireMethod(request, 'POST');
    await ACTIONS[action]?.(device, await jsonBody(request));
    return deviceState(device);
  }
}

function requireMethod(request: IncomingMessage, method: string): void {
  if (request.method !== method) {
    throw new RollcallError('REQUEST_INVALID', `Use ${method} here, not ${request.method}.`);
  }
}

async function jsonBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) {
      throw new RollcallError('REQUEST_INVALID', `The body may have at most ${BODY_BYTES_MAX} bytes.`);
    }
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RollcallError('REQUEST_INVALID', 'The body must be JSON, for example {"uid":"0F00A1B2C3"}.', {
      cause,
    });
  }
}

function checked<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new RollcallError('REQUEST_INVALID', z.prettifyError(result.error));
}

function notFound(message: string): RollcallError {
  return new RollcallError('NOT_FOUND', message);
}

function statusOf(error: RollcallError): number {
  if (error.code === 'NOT_FOUND') return 404;
  return error.kind === 'input' ? 400 : 500;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(`${JSON.stringify(body)}\n`);
}
