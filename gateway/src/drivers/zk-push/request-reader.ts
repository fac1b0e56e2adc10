/** Bytes of a request line and its headers. */
const HEAD_BYTES_MAX = 8 * 1024;
/** Bytes of one upload; the listener takes no more either. */
const BODY_BYTES_MAX = 10 * 1024 * 1024;
const HEAD_END = '\r\n\r\n';
const REQUEST_LINE = /^(?<method>GET|POST) (?<target>\/[^ ]{0,4000}) HTTP\/1\.[01]$/;
const LENGTH = /^content-length:\s*(?<length>\d{1,9})\s*$/i;

export interface TerminalRequest {
  method: string;
  /** Last part of the path, in lower case, without `.aspx`: older firmware writes it. */
  name: string;
  query: ReadonlyMap<string, string>;
  body: Uint8Array;
}

export interface RequestReaderEvents {
  onRequest(request: TerminalRequest): void;
  onDiscarded(bytes: number): void;
}

/** Cuts what the listener hands over into requests: a request line, a length, a body. Holds at most one of them. */
export class RequestReader {
  readonly #events: RequestReaderEvents;
  #head = Buffer.alloc(0);
  #request: Omit<TerminalRequest, 'body'> | undefined;
  #body: Uint8Array[] = [];
  #missing = 0;

  constructor(events: RequestReaderEvents) {
    this.#events = events;
  }

  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) rest = this.#request === undefined ? this.#takeHead(rest) : this.#takeBody(rest);
  }

  #takeHead(chunk: Uint8Array): Uint8Array {
    const before = this.#head.length;
    this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES_MAX - before)]);
    const taken = this.#head.length - before;
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0) {
      if (this.#head.length >= HEAD_BYTES_MAX) {
        this.#events.onDiscarded(this.#head.length);
        this.#head = Buffer.alloc(0);
      }
      return chunk.subarray(taken);
    }
    const headBytes = end + HEAD_END.length;
    const head = this.#head.subarray(0, headBytes).toString('latin1');
    this.#head = Buffer.alloc(0);
    this.#begin(head);
    return chunk.subarray(headBytes - before);
  }

  #begin(head: string): void {
    const [first = '', ...headers] = head.split('\r\n');
    const groups = REQUEST_LINE.exec(first)?.groups;
    const length = Number(headers.map((line) => LENGTH.exec(line)?.groups?.['length']).find(Boolean) ?? 0);
    if (groups === undefined || length > BODY_BYTES_MAX) {
      this.#events.onDiscarded(head.length);
      return;
    }
    const [path = '', query = ''] = (groups['target'] ?? '').split('?', 2);
    const name = (path.split('/').at(-1) ?? '').toLowerCase().replace(/\.aspx$/, '');
    this.#request = { method: groups['method'] ?? 'GET', name, query: membersOf(query) };
    this.#missing = length;
    if (length === 0) this.#end();
  }

  #takeBody(chunk: Uint8Array): Uint8Array {
    const piece = chunk.slice(0, this.#missing);
    this.#body.push(piece);
    this.#missing -= piece.length;
    if (this.#missing === 0) this.#end();
    return chunk.subarray(piece.length);
  }

  #end(): void {
    const request = this.#request;
    const body = Buffer.concat(this.#body);
    this.#request = undefined;
    this.#body = [];
    if (request !== undefined) this.#events.onRequest({ ...request, body });
  }
}

/** The first of several of a name: that serial number was allowed to call. */
function membersOf(query: string): Map<string, string> {
  const members = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) {
    const name = key.toLowerCase();
    if (!members.has(name)) members.set(name, value);
  }
  return members;
}
