import type { Random } from '../../random.js';
import {
  type Challenge,
  type Communication,
  type DesfireSession,
  ev1Challenge,
  ev2Challenge,
} from './desfire-session.js';
import {
  answer,
  type CardAnswer,
  campusNumber,
  NO_ANSWER,
  type SimulatedCard,
  typeATarget,
} from './simulated-card.js';

const ATS = [0x06, 0x75, 0x77, 0x81, 0x02, 0x80];
/** The application of the simulated campus, as the card is asked for it: last byte first. */
const CAMPUS_APPLICATION = [0xc3, 0xb2, 0xa1];
/** Published, for the simulation alone. */
const KEY = new Uint8Array(16);
const FILES: Readonly<Record<number, Communication>> = { 1: 'full', 2: 'mac' };
const FILE_BYTES = 16;
const COMMUNICATION_CODES = { plain: 0x00, mac: 0x01, full: 0x03 } as const;
const ISO_SELECT = [0x00, 0xa4, 0x04, 0x00];

const OK = 0x00;
const ILLEGAL_COMMAND = 0x1c;
const INTEGRITY_ERROR = 0x1e;
const NO_SUCH_KEY = 0x40;
const LENGTH_ERROR = 0x7e;
const APPLICATION_NOT_FOUND = 0xa0;
const AUTHENTICATION_ERROR = 0xae;
const MORE = 0xaf;
const BOUNDARY_ERROR = 0xbe;
const FILE_NOT_FOUND = 0xf0;

interface Reply {
  status: number;
  data?: Uint8Array;
  /** Undefined for what is never protected: the steps of an authentication, selecting, and errors. */
  communication?: Communication;
}

export interface DesfireOptions {
  generation: 'ev1' | 'ev2';
  /** Shows a number that it makes up instead of its UID. */
  hasRandomUid?: boolean;
  random: Random;
}

/** A DESFire card with one application of the campus: AES keys of zeros, file 1 encrypted, file 2 with a message code. */
export class DesfireCard implements SimulatedCard {
  readonly air = 'a';
  readonly hasLayer4 = true;
  readonly uid: Uint8Array;
  readonly #realUid: Uint8Array;
  readonly #options: DesfireOptions;
  #isCampusSelected = false;
  #challenge: Challenge | undefined;
  #session: DesfireSession | undefined;
  /** Parts of an answer that the host still has to ask for. */
  #parts: Uint8Array[] = [];

  constructor(uid: Uint8Array, options: DesfireOptions) {
    this.#realUid = uid;
    this.#options = options;
    this.uid = options.hasRandomUid === true ? Uint8Array.from([0x08, ...options.random.bytes(3)]) : uid;
  }

  targetData(): Uint8Array {
    const atqa = this.uid.length === 4 ? ([0x00, 0x04] as const) : ([0x03, 0x44] as const);
    return typeATarget(this.uid, { atqa, sak: 0x20, ats: ATS });
  }

  select(): void {
    this.#isCampusSelected = false;
    this.#forget();
  }

  exchange(data: Uint8Array): CardAnswer {
    if (ISO_SELECT.every((byte, index) => data[index] === byte)) return answer(0x90, 0x00);
    if (data[0] !== 0x90) return answer(0x6e, 0x00);
    const length = data.length > 5 ? (data[4] ?? 0) : 0;
    if (data.length !== (length === 0 ? 5 : 6 + length)) return answer(0x91, LENGTH_ERROR);
    const reply = this.#execute(data[1] ?? 0, data.slice(5, 5 + length));
    return answer(...(reply.data ?? []), 0x91, reply.status);
  }

  /** Blocks of ISO 14443-4 as they are in the air. */
  exchangeRaw(data: Uint8Array): CardAnswer {
    const [control = 0, ...rest] = data;
    if ((control & 0xfe) === 0xb2) return answer(0xa2 | (control & 0x01));
    if (control === 0xc2) return answer(0xc2);
    if ((control & 0xfe) !== 0x02) return NO_ANSWER;
    const inner = this.exchange(Uint8Array.from(rest));
    return 'data' in inner ? answer(control, ...inner.data) : inner;
  }

  #execute(command: number, data: Uint8Array): Reply {
    if (command === MORE) return this.#continue(data);
    this.#challenge = undefined;
    this.#parts = [];
    if (command === 0x5a) return this.#selectApplication(data);
    if (command === 0xaa || command === 0x71) return this.#authenticate(command, data);
    const body = this.#session === undefined ? data : this.#session.openCommand(command, data);
    if (body === undefined) return this.#failed(INTEGRITY_ERROR);
    const { status, data: plain = new Uint8Array(), communication = 'mac' } = this.#answer(command, body);
    if (status !== OK && status !== MORE) return this.#failed(status);
    return { status, data: this.#session?.sealAnswer(plain, communication) ?? plain };
  }

  #answer(command: number, data: Uint8Array): Reply {
    switch (command) {
      case 0x60:
        return this.#version();
      case 0x6a:
        return { status: OK, data: Uint8Array.from(CAMPUS_APPLICATION) };
      case 0x45:
        return { status: OK, data: Uint8Array.of(0x0f, 0x8e) };
      case 0x64:
        return { status: OK, data: Uint8Array.of(0x00) };
      case 0x6e:
        return { status: OK, data: Uint8Array.of(0x00, 0x1c, 0x00) };
      case 0x6f:
        return {
          status: OK,
          data: Uint8Array.from(this.#isCampusSelected ? Object.keys(FILES).map(Number) : []),
        };
      case 0xf5:
        return this.#fileSettings(data[0] ?? 0);
      case 0xbd:
        return this.#readFile(data);
      case 0x51:
        return this.#session === undefined
          ? { status: AUTHENTICATION_ERROR }
          : { status: OK, data: this.#realUid, communication: 'full' };
      default:
        return { status: ILLEGAL_COMMAND };
    }
  }

  #selectApplication(aid: Uint8Array): Reply {
    this.#forget();
    const isCampus = Buffer.from(aid).equals(Buffer.from(CAMPUS_APPLICATION));
    if (!isCampus && aid.some((byte) => byte !== 0)) return { status: APPLICATION_NOT_FOUND };
    this.#isCampusSelected = isCampus;
    return { status: OK };
  }

  #authenticate(command: number, [keyNumber = 0]: Uint8Array): Reply {
    this.#session = undefined;
    const { generation, random } = this.#options;
    if (command === 0x71 && generation === 'ev1') return { status: ILLEGAL_COMMAND };
    if (!this.#isCampusSelected || keyNumber > 13) return { status: NO_SUCH_KEY };
    const rndB = random.bytes(16);
    this.#challenge = command === 0xaa ? ev1Challenge(KEY, rndB) : ev2Challenge(KEY, rndB, random.bytes(4));
    return { status: MORE, data: this.#challenge.encrypted };
  }

  #continue(data: Uint8Array): Reply {
    const part = this.#parts.shift();
    if (part !== undefined) return { status: this.#parts.length === 0 ? OK : MORE, data: part };
    const finished = this.#challenge?.finish(data);
    this.#challenge = undefined;
    if (finished === undefined) return this.#failed(AUTHENTICATION_ERROR);
    this.#session = finished.session;
    return { status: OK, data: finished.answer };
  }

  /** Hardware, software, and UID with batch and date: three parts. */
  #version(): Reply {
    const major = this.#options.generation === 'ev1' ? 0x01 : 0x12;
    const parts = [
      [0x04, 0x01, 0x01, major, 0x00, 0x1a, 0x05],
      [0x04, 0x01, 0x01, major, 0x04, 0x1a, 0x05],
      [...this.#realUid, 0xba, 0x34, 0x12, 0x56, 0x78, 0x25, 0x26],
    ].map((part) => Uint8Array.from(part));
    this.#parts = parts.slice(1);
    // In a session all parts come in one, since their code counts over all of them.
    if (this.#session === undefined) return { status: MORE, data: parts[0] ?? new Uint8Array() };
    this.#parts = [];
    return { status: OK, data: Buffer.concat(parts) };
  }

  #fileSettings(file: number): Reply {
    const communication = this.#isCampusSelected ? FILES[file] : undefined;
    if (communication === undefined) return { status: FILE_NOT_FOUND };
    const data = [0x00, COMMUNICATION_CODES[communication], 0x00, 0x00, FILE_BYTES, 0x00, 0x00];
    return { status: OK, data: Uint8Array.from(data) };
  }

  #readFile(data: Uint8Array): Reply {
    const [file = 0, ...rest] = data;
    const communication = this.#isCampusSelected ? FILES[file] : undefined;
    if (communication === undefined) return { status: FILE_NOT_FOUND };
    if (this.#session === undefined) return { status: AUTHENTICATION_ERROR };
    if (rest.length !== 6) return { status: LENGTH_ERROR };
    const offset = Buffer.from(rest).readUIntLE(0, 3);
    const length = Buffer.from(rest).readUIntLE(3, 3) || FILE_BYTES - offset;
    if (offset + length > FILE_BYTES) return { status: BOUNDARY_ERROR };
    return { status: OK, data: campusNumber(this.#realUid).slice(offset, offset + length), communication };
  }

  /** Any error ends what was proven. */
  #failed(status: number): Reply {
    this.#forget();
    return { status };
  }

  #forget(): void {
    this.#challenge = undefined;
    this.#session = undefined;
    this.#parts = [];
  }
}
