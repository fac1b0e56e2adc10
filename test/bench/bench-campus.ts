import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { encodeSignedBatch } from '@rollcall/protocol/signed-batch';
import { createUuidV7Generator } from '@rollcall/protocol/uuid-v7';
import { hashesOf } from '../support/cards.js';
import { localParts, zoneAtNoon } from '../support/seed-file.js';

export const SECTIONS_PER_GATEWAY = 4;
const BATCH_ROWS = 50;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

interface BenchGateway {
  id: string;
  key: KeyObject;
  keyId: string;
  publicKey: Buffer;
  storeId: string;
  seq: number;
}

export interface EncodedBatch {
  gatewayId: string;
  payload: Uint8Array;
  rows: number;
}

export interface CampusSize {
  gateways: number;
  studentsPerSection: number;
  /** Of the sections of each gateway, how many students tap in; the others are there for other captures. */
  tappingSections: number;
}

const cardOf = (student: number): string => `04${student.toString(16).toUpperCase().padStart(12, '0')}`;

/** Buildings with a gateway and four rooms each, and a class session that goes on now in every room. */
export class BenchCampus {
  readonly size: CampusSize;
  readonly #cardKey: string;
  readonly #nowMs: number;
  readonly #bootId = randomUUID();
  readonly #gateways: readonly BenchGateway[];
  readonly #newPunchId = createUuidV7Generator({
    wallMs: () => Date.now(),
    randomUuid: randomUUID,
  });

  constructor(size: CampusSize, cardKey: Buffer, nowMs: number) {
    this.size = size;
    this.#cardKey = cardKey.toString('hex');
    this.#nowMs = nowMs;
    this.#gateways = Array.from({ length: size.gateways }, (_, index) => makeGateway(`gw-${index}`));
  }

  get sections(): number {
    return this.size.gateways * SECTIONS_PER_GATEWAY;
  }

  get students(): number {
    return this.sections * this.size.studentsPerSection;
  }

  /** Punches that `everybodyTaps` makes. */
  get taps(): number {
    return this.size.gateways * this.size.tappingSections * this.size.studentsPerSection;
  }

  seedFile(): Uint8Array {
    const zone = zoneAtNoon(this.#nowMs);
    const start = localParts(this.#nowMs - MINUTE_MS, zone);
    const end = localParts(this.#nowMs + 49 * MINUTE_MS, zone);
    const sections = Array.from({ length: this.sections }, (_, index) => index);
    const roomOf = (section: number): string => `r-${section}`;
    const gatewayOf = (section: number): number => Math.floor(section / SECTIONS_PER_GATEWAY);
    const file = {
      v: 1,
      campus: { id: 'main', name: 'Bench campus', zone },
      buildings: this.#gateways.map(({ id }, gateway) => ({
        id: `b-${id}`,
        name: `Block ${id}`,
        rooms: sections
          .filter((section) => gatewayOf(section) === gateway)
          .map((section) => ({ id: roomOf(section), name: `R${section}`, capacity: 60 })),
      })),
      gateways: this.#gateways.map(({ id, publicKey }) => ({
        id,
        building: `b-${id}`,
        name: id,
        public_key: publicKey.toString('base64'),
      })),
      devices: sections.map((section) => ({
        id: `line-${section}`,
        gateway: `gw-${gatewayOf(section)}`,
        room: roomOf(section),
        driver: 'line',
        name: `R${section}`,
        type: 'rfid',
        direction: 'both',
      })),
      academic_period: {
        id: 'now',
        name: 'This semester',
        starts_on: localParts(this.#nowMs - 30 * DAY_MS, zone).date,
        ends_on: localParts(this.#nowMs + 60 * DAY_MS, zone).date,
      },
      courses: [{ code: 'CS301', title: 'Database Systems' }],
      faculty: sections.map((section) => ({ code: `F${section}`, name: `Faculty ${section}` })),
      sections: sections.map((section) => ({ id: `s-${section}`, name: `S${section}` })),
      students: Array.from({ length: this.students }, (_, student) => ({
        roll_number: `24B81A${String(student).padStart(5, '0')}`,
        name: `Student ${student}`,
        section: `s-${this.#sectionOf(student)}`,
        member_from: localParts(this.#nowMs - 30 * DAY_MS, zone).date,
        cards: [`iso14443a:${cardOf(student)}`],
      })),
      timetable: sections.map((section) => ({
        id: `t-${section}`,
        section: `s-${section}`,
        course: 'CS301',
        faculty: `F${section}`,
        room: roomOf(section),
        day_of_week: start.dayOfWeek,
        start: start.time,
        end: end.time,
        type: 'LECTURE',
      })),
    };
    return new TextEncoder().encode(JSON.stringify(file));
  }

  /** Every student of the tapping sections once, all buildings at the same time: batches of all gateways in turn. */
  *everybodyTaps(): Generator<EncodedBatch> {
    const { studentsPerSection, tappingSections } = this.size;
    const perGateway = SECTIONS_PER_GATEWAY * studentsPerSection;
    const tapping = tappingSections * studentsPerSection;
    for (let from = 0; from < tapping; from += BATCH_ROWS) {
      for (const [index, gateway] of this.#gateways.entries()) {
        const rows = Math.min(BATCH_ROWS, tapping - from);
        const students = Array.from({ length: rows }, (_, row) => index * perGateway + from + row);
        yield { gatewayId: gateway.id, payload: this.#encode(gateway, students), rows };
      }
    }
  }

  /** Batches of one gateway alone, `rows` punches in all: its students tap again and again. */
  *oneTaps(gatewayIndex: number, rows: number): Generator<EncodedBatch> {
    const gateway = this.#gateways[gatewayIndex] as BenchGateway;
    const perGateway = SECTIONS_PER_GATEWAY * this.size.studentsPerSection;
    for (let from = 0; from < rows; from += BATCH_ROWS) {
      const count = Math.min(BATCH_ROWS, rows - from);
      const students = Array.from(
        { length: count },
        (_, row) => gatewayIndex * perGateway + ((from + row) % perGateway),
      );
      yield { gatewayId: gateway.id, payload: this.#encode(gateway, students), rows: count };
    }
  }

  #sectionOf(student: number): number {
    return Math.floor(student / this.size.studentsPerSection);
  }

  #encode(gateway: BenchGateway, students: readonly number[]): Uint8Array {
    const rows = students.map((student) => {
      gateway.seq += 1;
      return {
        seq: gateway.seq,
        boot_id: this.#bootId,
        mono_ms: gateway.seq,
        occurred_at: new Date(this.#nowMs + gateway.seq).toISOString(),
        clock_state: 'synced',
        punch_id: this.#newPunchId(),
        device_id: `line-${this.#sectionOf(student)}`,
        kind: 'card',
        credential: hashesOf(cardOf(student), 'line', this.#cardKey),
      };
    });
    const batch = { v: 1, gateway_id: gateway.id, store_id: gateway.storeId, rows };
    const body = new TextEncoder().encode(JSON.stringify(batch));
    return encodeSignedBatch({ keyId: gateway.keyId, signature: sign(null, body, gateway.key), body });
  }
}

function makeGateway(id: string): BenchGateway {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const keyId = createHash('sha256').update(raw).digest('hex').slice(0, 16);
  return { id, key: privateKey, keyId, publicKey: raw, storeId: randomUUID(), seq: 0 };
}
