import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { RollcallError } from '@rollcall/protocol/errors';
import { gatewayIdSchema } from '@rollcall/protocol/ids';
import { downFilter, parseTopic, upPrefix } from '@rollcall/protocol/topics';
import { Aedes, type AedesOptions, type AuthenticateError, type Client } from 'aedes';
import type { Database } from '../db/database.js';
import type { Log } from '../log.js';
import { BoundedConnection } from './bounded-connection.js';
import { checkGatewayLogin } from './gateway-logins.js';

/** Gateways of one campus and some technicians. */
const CONNECTIONS_MAX = 500;
const CONNECT_TIMEOUT_MS = 10_000;
/** Packets kept for a client that is still signing in. */
const LOGIN_QUEUE_MAX = 64;
/** `rollcall/v1/<gateway>/up/device/<id>/status` has seven. */
const TOPIC_LEVELS_MAX = 7;
/** Names that no gateway can have: ids are lower case. */
const CENTRAL_NAME = 'CENTRAL';

/** Return codes of CONNACK in MQTT 3.1.1 §3.2.2.3. */
const SERVER_UNAVAILABLE = 3;
const NOT_AUTHORIZED = 5;

export interface EmbeddedBroker {
  port: number;
  /** How central itself signs in: a secret of this start, never written down. */
  login: { url: string; username: string; password: string };
  /** Ends the connection of a gateway that was revoked; it is refused when it comes back. */
  cut(gatewayId: string): void;
  stop(): Promise<void>;
}

export interface EmbeddedBrokerOptions {
  db: Pick<Database, 'knex'>;
  log: Log;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Central's own password; random by default. */
  secret?: string;
}

/** @throws RollcallError `PORT_TAKEN` */
export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const { db, log, host, port, secret = randomBytes(32).toString('hex') } = options;
  const aedes = await Aedes.createBroker(rulesFor(db, secret));
  const connected = new Map<string, Client>();
  aedes.on('client', (client) => connected.set(client.id, client));
  aedes.on('clientDisconnect', (client) => {
    // A client that took over the id is there already.
    if (connected.get(client.id) === client) connected.delete(client.id);
  });
  aedes.on('clientError', (client, error) =>
    log.debug({ client: client.id, err: error }, 'an MQTT client failed'),
  );
  aedes.on('connectionError', (_client, error) =>
    log.debug({ err: error }, 'an MQTT connection failed before its login'),
  );
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => {
    aedes.handle(new BoundedConnection(socket));
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, host, port).catch((error: unknown) => {
    // Its heartbeat would keep a process alive that has nothing left to do.
    aedes.close();
    throw error;
  });
  const actualPort = (server.address() as AddressInfo).port;
  return {
    port: actualPort,
    login: { url: `mqtt://${reachable(host)}:${actualPort}`, username: CENTRAL_NAME, password: secret },
    cut: (gatewayId) => connected.get(gatewayId)?.close(),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
      await closed;
    },
  };
}

async function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'EADDRINUSE') throw cause;
    throw new RollcallError(
      'PORT_TAKEN',
      `The MQTT port ${port} on ${host} is used by another program. Stop it, choose another port with --mqtt-port ` +
        `or ROLLCALL_MQTT_PORT (and in the gateways' uplink.mqtt_url), or use that broker by setting MQTT_URL`,
      { cause, context: { port } },
    );
  }
}

/** Who may do what (edge §4.5): a gateway publishes below its own `up/` and hears its own `down/`, nothing else. */
function rulesFor(db: Pick<Database, 'knex'>, secret: string): AedesOptions {
  const misnamed = new WeakSet<Client>();
  return {
    queueLimit: LOGIN_QUEUE_MAX,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxTopicLevels: TOPIC_LEVELS_MAX,
    preConnect(client, packet, done) {
      const { clientId, username = '', will } = packet;
      const isGateway = gatewayIdSchema.safeParse(clientId).success && username === clientId;
      // A will is published after its client is gone: it is checked while somebody can still be refused.
      const mayWill = will === undefined || (isGateway && mayPublish(clientId, will.topic));
      if (!(isGateway || username === CENTRAL_NAME) || !mayWill) misnamed.add(client);
      // Refused one step later, where MQTT has an answer that tells the gateway why.
      done(null, true);
    },
    authenticate(client, username = '', password = Buffer.alloc(0), done) {
      if (misnamed.has(client)) {
        done(refusal(NOT_AUTHORIZED, client), null);
        return;
      }
      if (username === CENTRAL_NAME) {
        done(null, isEqual(password, Buffer.from(secret)));
        return;
      }
      void checkGatewayLogin(db, username, password).then((result) => {
        if (result === 'ok') done(null, true);
        else done(refusal(result === 'unavailable' ? SERVER_UNAVAILABLE : NOT_AUTHORIZED, client), null);
      });
    },
    authorizePublish(client, packet, done) {
      const allowed = client === null || isCentral(client) || mayPublish(client.id, packet.topic);
      done(allowed ? null : new Error(`publishing to ${packet.topic} is not allowed`));
    },
    authorizeSubscribe(client, subscription, done) {
      const allowed = isCentral(client) || subscription.topic === downFilter(client.id);
      done(null, allowed ? subscription : null);
    },
  };
}

/** Central's client id starts with a letter that no gateway id can hold; its login proved the rest. */
const isCentral = (client: Client): boolean => client.id.startsWith(CENTRAL_NAME);

export const centralClientId = (): string => `${CENTRAL_NAME}-${randomBytes(6).toString('hex')}`;

function mayPublish(gatewayId: string, topic: string): boolean {
  return topic.startsWith(upPrefix(gatewayId)) && parseTopic(topic) !== undefined;
}

function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

function refusal(returnCode: number, client: Client): AuthenticateError {
  return Object.assign(new Error(`the login of ${client.id} is refused`), {
    returnCode,
  }) as AuthenticateError;
}

/** Where this process reaches what listens on `host`. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
