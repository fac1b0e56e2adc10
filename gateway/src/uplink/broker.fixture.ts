import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { batchSchema } from '@rollcall/protocol/batch';
import { decodeSignedBatch } from '@rollcall/protocol/signed-batch';
import { parseTopic } from '@rollcall/protocol/topics';
import { Aedes } from 'aedes';
import { onCleanup } from '../store/store.fixture.js';

export const PASSWORD = 'p4ss';

export interface Received {
  topic: string;
  payload: Buffer;
  retain: boolean;
}

/** A real broker on a real socket, which notes everything that gateways publish. */
export async function startBroker({ port = 0 } = {}) {
  const broker = await Aedes.createBroker();
  const received: Received[] = [];
  const world = { password: PASSWORD, isTaking: true };
  broker.authenticate = (_client, _username, password, done) => {
    if (password?.toString() === world.password) done(null, true);
    else done(Object.assign(new Error('bad login'), { returnCode: 5 }) as never, false);
  };
  broker.authorizePublish = (client, packet, done) => {
    // Refusing here suppresses the PUBACK: the broker hangs.
    if (!world.isTaking) return;
    if (client !== null) {
      received.push({ topic: packet.topic, payload: Buffer.from(packet.payload), retain: packet.retain });
    }
    done(null);
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    cut();
    await new Promise((resolve) => void server.close(resolve));
    await new Promise<void>((resolve) => void broker.close(resolve));
  };
  onCleanup(() => void stop());
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `mqtt://127.0.0.1:${bound}`,
    port: bound,
    received,
    world,
    cut,
    stop,
    connections: () => sockets.size,
    onTopic: (suffix: string) => received.filter(({ topic }) => topic.endsWith(suffix)),
    publish: (topic: string, payload: unknown, retain = false) =>
      new Promise<void>((resolve, reject) => {
        const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
        const packet = {
          cmd: 'publish' as const,
          topic,
          payload: bytes,
          qos: 1 as const,
          retain,
          dup: false,
        };
        broker.publish(packet, (error) => (error ? reject(error) : resolve()));
      }),
  };
}

export interface VerifiedBatch {
  topic: string;
  storeId: string;
  seqs: number[];
  rows: Array<Record<string, unknown>>;
  bytes: number;
}

/** What central does first: split, verify the signature over the exact bytes, check the contract. */
export function openBatch(
  { topic, payload }: Pick<Received, 'topic' | 'payload'>,
  publicKey: string,
): VerifiedBatch {
  const { body, signature } = decodeSignedBatch(payload);
  const x = Buffer.from(publicKey, 'base64').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  if (!verify(null, body, key, signature)) throw new Error('wrong signature');
  const batch = batchSchema.parse(JSON.parse(Buffer.from(body).toString()));
  return {
    topic: parseTopic(topic)?.kind ?? topic,
    storeId: batch.store_id,
    seqs: batch.rows.map((row) => row.seq),
    rows: batch.rows,
    bytes: payload.length,
  };
}
