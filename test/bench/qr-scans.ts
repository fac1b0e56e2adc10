import { type CentralBench, countRows, judged, marked } from './central-bench.js';
import { httpRequest } from './http-load.js';
import type { BenchClass } from './http-people.js';
import { LoadTotal } from './load-total.js';
import { type Measured, round } from './measured.js';

const API = '/api/v1/attendance';
/** Students of every class who scan in one slice: no longer than a code stays on the screen. */
const STUDENTS_PER_SLICE = 15;
/** So that a slice of both servers takes about as long. */
const BARE_REQUESTS_PER_SCAN = 2;
const WARM_UP_SLICES = 1;
/** Phones of a whole campus at once, and as many callers of the bare route. */
const REQUESTS_AT_ONCE = 96;
/** A code lives for seconds: all of them are read at once, and then used. */
const CODES_AT_ONCE = 16;

/** Everybody scans once, the classes of the whole campus at the same time; slices of a bare route in between. */
export async function measureQrScans(
  bench: CentralBench,
  classes: readonly BenchClass[],
  bare: { port: number },
): Promise<Measured> {
  const scans = new ScanSlices(bench, classes, STUDENTS_PER_SLICE);
  const warmUp = new LoadTotal('QR scans, warming up');
  for (let slice = 0; slice < WARM_UP_SLICES; slice++) {
    await scans.run(warmUp);
    await runBare(bare.port, scans.sliceSize, new LoadTotal('the bare route, warming up'));
  }
  const total = new LoadTotal('QR scans');
  const bareTotal = new LoadTotal('the bare route');
  while (scans.hasMore) {
    // What the statistics still count must not slow the bare route down.
    await judged(bench);
    await runBare(bare.port, scans.sliceSize, bareTotal);
    await scans.run(total);
  }
  await judged(bench);
  await check(bench, classes);
  return {
    figures: {
      'QR scans/s': round(total.perSecond),
      'QR scan p99, ms': round(total.percentileMs(99)),
      'QR scans/s / requests/s of a bare Express route': round(total.perSecond / bareTotal.perSecond),
    },
    raw: {
      'QR scans': total.requests,
      'QR scan p50, ms': round(total.percentileMs(50)),
      'from the last answer of a slice to the last mark, ms': round(total.restMs),
      'bare Express requests/s': round(bareTotal.perSecond),
      'bare Express p99, ms': round(bareTotal.percentileMs(99)),
    },
  };
}

/** Scans of everybody, some of each class at a time, with the code that is on its screen then. */
export class ScanSlices {
  readonly #bench: CentralBench;
  readonly #classes: readonly BenchClass[];
  readonly #perClass: number;
  #next = 0;
  #hasCodes = false;

  constructor(bench: CentralBench, classes: readonly BenchClass[], studentsPerSlice: number) {
    this.#bench = bench;
    this.#classes = classes;
    this.#perClass = studentsPerSlice;
  }

  get sliceSize(): number {
    return this.#classes.length * this.#perClass;
  }

  get hasMore(): boolean {
    return this.#next < (this.#classes[0]?.students.length ?? 0);
  }

  /** Until the last of them has a mark. */
  async run(total: LoadTotal): Promise<void> {
    const from = this.#next;
    this.#next += this.#perClass;
    const codes = await this.#codes();
    const requests = Array.from({ length: this.#perClass }, (_, offset) =>
      this.#classes.flatMap(({ students }, index) => {
        const student = students[from + offset];
        if (student === undefined) return [];
        const body = { qr_token: codes[index], device_id: `phone-of-${student.rollNumber}` };
        return [httpRequest('POST', `${API}/records/qr-scan/`, { token: student.token, body })];
      }),
    );
    await total.run(this.#bench.httpPort, requests.flat(), {
      connections: REQUESTS_AT_ONCE,
      rest: () => marked(this.#bench),
    });
  }

  /** The codes on the screens now. */
  async #codes(): Promise<string[]> {
    if (!this.#hasCodes) await this.#ask('POST', 'generate-qr/');
    this.#hasCodes = true;
    return this.#ask('GET', 'qr/');
  }

  async #ask(method: string, path: string): Promise<string[]> {
    const codes: string[] = [];
    const left = [...this.#classes.entries()];
    const askNext = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const [index, { sessionId, facultyToken }] = next;
        const response = await fetch(
          `http://127.0.0.1:${this.#bench.httpPort}${API}/sessions/${sessionId}/${path}`,
          { method, headers: { authorization: `Bearer ${facultyToken}` } },
        );
        const body = (await response.json()) as { qr_token?: string };
        if (body.qr_token === undefined) throw new Error(`no code for a class: ${JSON.stringify(body)}`);
        codes[index] = body.qr_token;
      }
    };
    await Promise.all(Array.from({ length: CODES_AT_ONCE }, askNext));
    return codes;
  }
}

async function runBare(port: number, scans: number, total: LoadTotal): Promise<void> {
  const body = { session: '0'.repeat(60), device_id: 'phone-of-24B81A00000' };
  const request = httpRequest('POST', '/scan/', { token: 'x'.repeat(400), body });
  await total.run(
    port,
    Array.from({ length: scans * BARE_REQUESTS_PER_SCAN }, () => request),
    { connections: REQUESTS_AT_ONCE },
  );
}

async function check(bench: CentralBench, classes: readonly BenchClass[]): Promise<void> {
  const expected = classes.reduce((sum, { students }) => sum + students.length, 0);
  const stored = await countRows(bench, "qr_scan WHERE outcome = 'unverified'");
  const marked = await countRows(
    bench,
    "attendance_record WHERE source = 'qr' AND mark IN ('present', 'late')",
  );
  if (stored === expected && marked === expected) return;
  throw new Error(`${stored} scans are stored and ${marked} students marked, of ${expected}`);
}
