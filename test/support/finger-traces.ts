import { type Dirent, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Campus } from './campus.js';
import type { RunningProcess } from './process.js';
import { Traces } from './traces.js';

/** Packets of the EF01 protocol: kind at 6, content from 9 on, two bytes of sum. */
const KIND_AT = 6;
const CONTENT_AT = 9;
const SUM_BYTES = 2;
const DATA = 2;
const LAST_DATA = 8;
/** A picture is 36,864 bytes: a piece of every thousand is enough, and they are not copied in smaller parts. */
const PICTURE_STEP = 499;

/** What of templates and pictures of fingers can be found on a campus outside of memory and seals. */
export class FingerTraces {
  readonly #campus: Campus;
  readonly #traces = new Traces();
  readonly #templates: Uint8Array[] = [];
  readonly #processes = new Set<RunningProcess>();
  readonly #messages: Buffer[] = [];
  /** That scanners sent. */
  pictures = 0;

  constructor(campus: Campus, scannerIds: readonly string[]) {
    this.#campus = campus;
    for (const id of scannerIds) this.#watch(id);
    campus.wire.judge(({ bytes }) => {
      this.#messages.push(bytes);
      return 'pass';
    });
  }

  lookForTemplate(what: string, record: Uint8Array): void {
    this.#templates.push(record);
    this.#traces.lookFor(`template ${what}`, record);
  }

  /** Everything that they have said and will say. */
  lookAt(...processes: readonly RunningProcess[]): void {
    for (const process of processes) this.#processes.add(process);
  }

  /** Forms in which a template would not be found: none, or the search is worth nothing. */
  blindTo(): string[] {
    return this.#templates.flatMap((template) => this.#traces.blindTo(template));
  }

  async found(): Promise<string[]> {
    const found: string[] = [];
    const look = (where: string, bytes: Buffer): void => {
      found.push(...this.#traces.in(bytes).map((what) => `${where}: ${what}`));
    };
    for (const { name, log, text } of this.#processes) {
      look(
        `what ${name} said`,
        Buffer.from([...log.map((line) => JSON.stringify(line)), ...text].join('\n')),
      );
    }
    look('MQTT', Buffer.concat(this.#messages));
    for (const folder of [this.#campus.gateway.dataDir, join(this.#campus.directory, 'central')]) {
      for (const file of filesIn(folder)) look(file, readFileSync(file));
    }
    for (const [table, rows] of await this.#tables()) look(`table ${table}`, Buffer.from(rows));
    return found;
  }

  #watch(scannerId: string): void {
    let parts: Buffer[] = [];
    this.#campus.reader(scannerId).device.onReport((event) => {
      if (event.event !== 'sent') return;
      const packet = Buffer.from(event.hex, 'hex');
      const kind = packet[KIND_AT];
      if (kind !== DATA && kind !== LAST_DATA) return;
      parts.push(packet.subarray(CONTENT_AT, -SUM_BYTES));
      if (kind === DATA) return;
      this.pictures += 1;
      const packed = Buffer.concat(parts);
      parts = [];
      const what = `picture ${this.pictures}`;
      this.#traces.lookFor(what, packed, PICTURE_STEP);
      const pixels = [...packed].flatMap((byte) => [(byte >> 4) * 17, (byte & 15) * 17]);
      this.#traces.lookFor(`${what}, unpacked`, Uint8Array.from(pixels), PICTURE_STEP);
    });
  }

  async #tables(): Promise<[name: string, rows: string][]> {
    const { database } = this.#campus;
    const tables = await database.rows<{ name: string }>(
      "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    const all: [string, string][] = [];
    for (const { name } of tables) {
      const rows = await database.rows<{ row: string }>(`SELECT t::text AS row FROM "${name}" t`);
      all.push([name, rows.map(({ row }) => row).join('\n')]);
    }
    return all;
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry: Dirent) => entry.isFile())
    .map((entry: Dirent) => join(entry.parentPath, entry.name));
}
