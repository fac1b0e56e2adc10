import { type Clock, delay } from '@rollcall/protocol/clock';
import { type Connection, connect } from '../db/connection.js';
import type { Log } from '../log.js';

/** Held by the one replica that reads a plain subscription. */
const CONSUMER_LOCK = 0x726f6c05;
const RETRY_MS = 2_000;

export interface ConsumerTurn {
  stop(): Promise<void>;
}

export interface ConsumerTurnOptions {
  databaseUrl: string;
  clock: Clock;
  log: Log;
  /** It is this replica's turn. A failure gives the turn back and waits for the next one. */
  begin(): Promise<void>;
  /** The turn is lost, with the connection that held it. */
  end(): Promise<void>;
  retryMs?: number;
}

/**
 * Brokers without shared subscriptions give every subscriber every message: with several replicas one reads,
 * and another takes over when that one's connection to PostgreSQL ends. Two readers for a moment do no harm,
 * they only do everything twice.
 *
 * @returns once it is known whether this replica is first; a failure of its `begin` is then thrown
 */
export async function takeConsumerTurns(options: ConsumerTurnOptions): Promise<ConsumerTurn> {
  const { databaseUrl, clock, log, begin, end, retryMs = RETRY_MS } = options;
  const stopping = new AbortController();
  let connection: Connection | undefined;

  async function tryTurn(): Promise<boolean> {
    connection ??= await connect(databaseUrl, 'rollcall-consumer');
    const [row] = await connection.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [
      CONSUMER_LOCK,
    ]);
    if (row?.held !== true) return false;
    await begin();
    return true;
  }

  async function drop(): Promise<void> {
    const dropped = connection;
    connection = undefined;
    await dropped?.close().catch(() => undefined);
  }

  async function run(hasTurn: boolean): Promise<void> {
    for (let held = hasTurn; !stopping.signal.aborted; held = await again()) {
      if (!held) continue;
      await connection?.ended;
      if (stopping.signal.aborted) return;
      log.warn('this replica lost its turn to read the broker');
      await end();
      await drop();
    }
  }

  async function again(): Promise<boolean> {
    await delay(clock, retryMs, stopping.signal).catch(() => undefined);
    if (stopping.signal.aborted) return false;
    try {
      return await tryTurn();
    } catch (error) {
      log.warn({ err: error }, 'this replica cannot take its turn to read the broker');
      await drop();
      return false;
    }
  }

  const hasTurn = await tryTurn().catch(async (error: unknown) => {
    await drop();
    throw error;
  });
  if (!hasTurn) log.info('another replica reads the broker; waiting for its turn');
  const running = run(hasTurn);
  return {
    async stop() {
      stopping.abort();
      await drop();
      await running;
    },
  };
}
