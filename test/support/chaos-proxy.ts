import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type MqttPacket, PacketCutter } from './mqtt-packets.js';

/** `up` is from the client to the server. */
export type Direction = 'up' | 'down';
/** What happens to one packet. `hold` keeps it until `release()`. */
export type Verdict = 'pass' | 'drop' | 'twice' | 'hold';
export type PacketJudge = (packet: MqttPacket, direction: Direction) => Verdict;

interface Pair {
  client: Socket;
  server: Socket;
  cutters: Record<Direction, PacketCutter>;
  /** Bytes that drip, per direction, while the wire is slow. */
  dripping: Record<Direction, Buffer>;
}

interface Held {
  pair: Pair;
  direction: Direction;
  packet: MqttPacket;
}

export interface Address {
  host: string;
  port: number;
}

export interface ChaosProxyOptions {
  /** Asked at each connection, since a restarted server may listen elsewhere. */
  target: () => Address;
  carries: 'mqtt' | 'bytes';
}

const SLOW_TICK_MS = 5;

/**
 * A wire between a client and a server on which everything can go wrong: refused, cut, frozen, slow, deaf in
 * one direction, and, for MQTT, single packets dropped, doubled or kept back.
 */
export class ChaosProxy {
  readonly port: number;
  connections = 0;
  readonly #server: Server;
  readonly #target: () => Address;
  readonly #isMqtt: boolean;
  readonly #pairs = new Set<Pair>();
  readonly #frozen: Record<Direction, boolean> = { up: false, down: false };
  readonly #held: Held[] = [];
  #isRefusing = false;
  #judge: PacketJudge | undefined;
  #bytesPerTick: number | undefined;

  private constructor(server: Server, { target, carries }: ChaosProxyOptions) {
    this.#server = server;
    this.#target = target;
    this.#isMqtt = carries === 'mqtt';
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client) => this.#accept(client));
  }

  static async start(options: ChaosProxyOptions): Promise<ChaosProxy> {
    const server = createServer({ pauseOnConnect: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ChaosProxy(server, options);
  }

  get open(): number {
    return this.#pairs.size;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Connections are closed as soon as they are made, as by a server that is down behind a balancer. */
  refuse(isRefusing = true): void {
    this.#isRefusing = isRefusing;
    if (isRefusing) this.cut();
  }

  /** Everything that is open is reset in the middle of whatever it was saying. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Nothing passes any more although every connection stays: the worst kind of broken. */
  freeze(...directions: Direction[]): void {
    for (const direction of directions.length === 0 ? (['up', 'down'] as const) : directions) {
      this.#frozen[direction] = true;
      for (const pair of this.#pairs) this.#source(pair, direction).pause();
    }
  }

  thaw(): void {
    this.#frozen.up = false;
    this.#frozen.down = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** At most this many bytes per tick of 5 ms and direction; undefined is full speed. */
  slow(bytesPerTick: number | undefined): void {
    this.#bytesPerTick = bytesPerTick;
  }

  /** From now on every MQTT packet is judged; undefined lets all pass. */
  judge(judge: PacketJudge | undefined): void {
    this.#judge = judge;
  }

  /** Sends what was held, in the given order; packets of connections that ended meanwhile are lost. */
  release(order: (held: MqttPacket[]) => MqttPacket[] = (held) => held): void {
    const held = this.#held.splice(0);
    for (const packet of order(held.map((entry) => entry.packet))) {
      const entry = held.find((candidate) => candidate.packet === packet);
      if (entry !== undefined && this.#pairs.has(entry.pair))
        this.#send(entry.pair, entry.direction, packet.bytes);
    }
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    this.connections += 1;
    if (this.#isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target());
    const pair: Pair = {
      client,
      server,
      cutters: { up: new PacketCutter(), down: new PacketCutter() },
      dripping: { up: Buffer.alloc(0), down: Buffer.alloc(0) },
    };
    this.#pairs.add(pair);
    const end = (): void => {
      this.#pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (chunk) => this.#carry(pair, 'up', chunk));
    server.on('data', (chunk) => this.#carry(pair, 'down', chunk));
    if (!this.#frozen.up) client.resume();
    if (this.#frozen.down) server.pause();
  }

  #carry(pair: Pair, direction: Direction, chunk: Buffer): void {
    if (!this.#isMqtt) {
      this.#send(pair, direction, chunk);
      return;
    }
    for (const packet of pair.cutters[direction].push(chunk)) {
      const verdict = this.#judge?.(packet, direction) ?? 'pass';
      if (verdict === 'hold') this.#held.push({ pair, direction, packet });
      else if (verdict !== 'drop') this.#send(pair, direction, packet.bytes);
      if (verdict === 'twice') this.#send(pair, direction, packet.bytes);
    }
  }

  #send(pair: Pair, direction: Direction, bytes: Buffer): void {
    const isIdle = pair.dripping[direction].length === 0;
    if (this.#bytesPerTick === undefined && isIdle) {
      this.#sink(pair, direction).write(bytes);
      return;
    }
    pair.dripping[direction] = Buffer.concat([pair.dripping[direction], bytes]);
    if (isIdle) this.#drip(pair, direction);
  }

  #drip(pair: Pair, direction: Direction): void {
    if (!this.#pairs.has(pair)) return;
    const waiting = pair.dripping[direction];
    const size = this.#bytesPerTick ?? waiting.length;
    this.#sink(pair, direction).write(waiting.subarray(0, size));
    pair.dripping[direction] = waiting.subarray(size);
    // What is not read stays with the sender: a slow wire, not an endless buffer.
    if (waiting.length > size) this.#source(pair, direction).pause();
    else if (!this.#frozen[direction]) this.#source(pair, direction).resume();
    if (waiting.length > size) setTimeout(() => this.#drip(pair, direction), SLOW_TICK_MS);
  }

  #sink(pair: Pair, direction: Direction): Socket {
    return direction === 'up' ? pair.server : pair.client;
  }

  #source(pair: Pair, direction: Direction): Socket {
    return direction === 'up' ? pair.client : pair.server;
  }
}
