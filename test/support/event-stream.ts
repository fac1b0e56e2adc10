import { until } from './until.js';

interface StreamEvent {
  name: string;
  data: unknown;
}

/** Server-sent events of central, read as a page does. */
export class EventStream {
  readonly events: StreamEvent[] = [];
  readonly #abort = new AbortController();

  static async open(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
    const stream = new EventStream();
    const response = await fetch(url, {
      headers: { accept: 'text/event-stream', ...headers },
      signal: stream.#abort.signal,
    });
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
    void stream.#read(response.body);
    return stream;
  }

  /** The first event of this name that fits, now or later. */
  async event<Data>(name: string, isIt: (data: Data) => boolean): Promise<Data> {
    return until(
      `an event "${name}"`,
      () =>
        this.events.find((event) => event.name === name && isIt(event.data as Data))?.data as
          | Data
          | undefined,
      { describe: () => JSON.stringify(this.events) },
    );
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of body) {
        text += decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n');
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          this.#take(text.slice(0, end));
          text = text.slice(end + 2);
        }
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error;
    }
  }

  #take(block: string): void {
    const fields = block
      .split('\n')
      .map((line) => /^(?<field>event|data): ?(?<value>.*)$/.exec(line)?.groups);
    const name = fields.find((groups) => groups?.['field'] === 'event')?.['value'];
    const data = fields
      .filter((groups) => groups?.['field'] === 'data')
      .map((groups) => groups?.['value'])
      .join('\n');
    if (name !== undefined && data !== '') this.events.push({ name, data: JSON.parse(data) });
  }
}
