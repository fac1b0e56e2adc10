import { connect } from 'node:net';
import { type GatewayState, gatewayStateSchema, stateSocketPath } from '../features/state-socket.js';

/** It answers at once, also with every device in trouble. */
const ANSWER_MS = 2_000;
const ANSWER_BYTES_MAX = 1024 * 1024;

/** How the devices of the running gateway fare; undefined where this user may not ask, or nobody answers. */
export type AskGateway = (dataDir: string) => Promise<GatewayState | undefined>;

export const askGateway: AskGateway = (dataDir) =>
  new Promise((resolve) => {
    const socket = connect(stateSocketPath(dataDir));
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.setTimeout(ANSWER_MS, () => socket.destroy());
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) socket.destroy();
    });
    // Nobody there, not allowed, or another version: what is seen from outside has to do.
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(stateOf(Buffer.concat(chunks).toString('utf8'))));
  });

function stateOf(text: string): GatewayState | undefined {
  try {
    return gatewayStateSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
