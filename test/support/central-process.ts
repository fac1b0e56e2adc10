import { freePort } from './free-port.js';
import { type Exit, RunningProcess, runToEnd } from './process.js';
import { COMMANDS } from './root.js';
import { signIn } from './sign-in.js';

export interface CentralOptions {
  dataDir: string;
  databaseUrl: () => string;
  /** Of an external broker; the embedded one otherwise. */
  mqttUrl?: () => string;
  env?: Record<string, string>;
  name?: string;
}

/** Central as one process of a test campus. */
export class CentralUnderTest {
  readonly #options: CentralOptions;
  #process: RunningProcess | undefined;
  #httpPort = 0;
  #mqttPort = 0;

  constructor(options: CentralOptions) {
    this.#options = options;
  }

  get process(): RunningProcess {
    if (this.#process === undefined) throw new Error('central was never started');
    return this.#process;
  }

  get httpPort(): number {
    return this.#httpPort;
  }

  get mqttPort(): number {
    return this.#mqttPort;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#httpPort}`;
  }

  async seed(file: string, provisionDir: string): Promise<void> {
    const { code, stdout, stderr } = await runToEnd({
      args: [COMMANDS.central, 'seed', file, '--provision-dir', provisionDir],
      env: this.#env(),
    });
    if (code !== 0) throw new Error(`seeding ended with ${code}:\n${stdout}${stderr}`);
  }

  /** Ports stay what they were at the first start, as in an installation, and nobody takes them in between. */
  async start(env: Record<string, string> = {}): Promise<void> {
    this.#httpPort ||= await freePort();
    this.#mqttPort ||= await freePort();
    await this.launch(env).line('ready');
  }

  launch(env: Record<string, string> = {}): RunningProcess {
    this.#process = new RunningProcess({
      name: this.#options.name ?? 'central',
      args: [
        COMMANDS.central,
        'run',
        '--port',
        String(this.#httpPort),
        '--mqtt-port',
        String(this.#mqttPort),
      ],
      env: { ...this.#env(), ...env },
    });
    return this.#process;
  }

  kill(): Promise<Exit> {
    return this.process.kill();
  }

  async stop(): Promise<Exit | undefined> {
    return this.#process?.stop();
  }

  /** A read of the HTTP side below `/api/v1/attendance/`. */
  async get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/attendance/${path}`, {
      headers: await signIn(this.url),
    });
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  #env(): Record<string, string> {
    const { dataDir, databaseUrl, mqttUrl, env } = this.#options;
    return {
      DATABASE_URL: databaseUrl(),
      ROLLCALL_DATA_DIR: dataDir,
      ROLLCALL_LOG_LEVEL: 'debug',
      ...(mqttUrl === undefined ? {} : { MQTT_URL: mqttUrl() }),
      ...env,
    };
  }
}
