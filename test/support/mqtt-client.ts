import mqtt from 'mqtt';
import { until } from './until.js';

export interface Received {
  topic: string;
  payload: Buffer;
  retained: boolean;
}

export interface MqttOptions {
  port: number;
  clientId: string;
  username?: string;
  password?: string;
}

/** A plain MQTT client of a test: hears everything it subscribed to, publishes what it is told. */
export class MqttClient {
  readonly received: Received[] = [];
  readonly #client: mqtt.MqttClient;

  private constructor(client: mqtt.MqttClient) {
    this.#client = client;
    client.on('message', (topic, payload, packet) => {
      this.received.push({ topic, payload, retained: packet.retain });
    });
    // A broker that is stopped under a test is the test's own doing.
    client.on('error', () => undefined);
  }

  static async connect({ port, clientId, username, password }: MqttOptions): Promise<MqttClient> {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
      clientId,
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: 100,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    });
    return new MqttClient(client);
  }

  async subscribe(filter: string): Promise<void> {
    await this.#client.subscribeAsync(filter, { qos: 1 });
  }

  async publish(topic: string, payload: Uint8Array | string, retain = false): Promise<void> {
    await this.#client.publishAsync(topic, Buffer.from(payload as Uint8Array), { qos: 1, retain });
  }

  /** The first message that fits, now or later. */
  message(what: string, isIt: (received: Received) => boolean): Promise<Received> {
    return until(what, () => this.received.find(isIt), {
      describe: () => this.received.map(({ topic }) => topic).join('\n'),
    });
  }

  async close(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
