import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { KnownSlots } from '../finger/known-slots.js';
import type { FingerImage } from '../finger/sensor.js';
import { CODE, refusal } from './confirmation.js';
import { unpackImage } from './image.js';
import type { Ef01Link } from './link.js';
import {
  PARAMETERS_BYTES,
  PRODUCT_BYTES,
  type ProductInformation,
  parseParameters,
  parseProduct,
  type SystemParameters,
} from './parameters.js';

const OPCODE = {
  genImg: 0x01,
  img2Tz: 0x02,
  search: 0x04,
  regModel: 0x05,
  store: 0x06,
  loadChar: 0x07,
  upChar: 0x08,
  downChar: 0x09,
  upImage: 0x0a,
  deletChar: 0x0c,
  empty: 0x0d,
  readSysPara: 0x0f,
  vfyPwd: 0x13,
  writeNotepad: 0x18,
  readNotepad: 0x19,
  readIndexTable: 0x1f,
  auraLed: 0x35,
  readProdInfo: 0x3c,
} as const;

/** Capturing takes up to a second, and the answer comes after it (EF01 note §3). */
const CAPTURE_TIMEOUT_MS = 2_500;
/** Over a thousand templates take 1.5 s (EF01 note §3). */
const SEARCH_TIMEOUT_MS = 3_000;
const EMPTY_TIMEOUT_MS = 4_000;
/** Modules that know no product information may also say nothing at all. */
const PRODUCT_TIMEOUT_MS = 600;
const HANDSHAKE_TIMEOUT_MS = 500;
const NOTEPAD_BYTES = 32;
const INDEX_BYTES = 32;
const SLOTS_PER_TABLE = INDEX_BYTES * 8;

/** The buffer that every module has; the second is for enrollment. */
const BUFFER = 1;

export type Features = 'ok' | 'poor';

/** The commands of one module that has answered (EF01 note §4), each with its possible outcomes. */
export class Ef01Module {
  readonly link: Ef01Link;
  /** What it wants before everything else; 0 where nobody has set one. */
  password = 0;
  parameters: SystemParameters | undefined;
  product: ProductInformation | undefined;
  readonly slots = new KnownSlots();

  constructor(link: Ef01Link) {
    this.link = link;
  }

  /** @throws RollcallError `DEVICE_REFUSED` for a wrong password. */
  async verifyPassword(timeoutMs = HANDSHAKE_TIMEOUT_MS): Promise<void> {
    const { code } = await this.link.ask({
      name: 'VfyPwd',
      opcode: OPCODE.vfyPwd,
      parameters: uint32(this.password),
      timeoutMs,
    });
    if (code === CODE.wrongPassword) {
      throw new RollcallError(
        'DEVICE_REFUSED',
        'The fingerprint module has another password; put it into a file and name that in options.password_file of this device',
      );
    }
    if (code !== CODE.ok) throw refusal('VfyPwd', code);
  }

  async readParameters(): Promise<SystemParameters> {
    const data = await this.link.command({
      name: 'ReadSysPara',
      opcode: OPCODE.readSysPara,
      replyBytes: PARAMETERS_BYTES,
    });
    this.parameters = parseParameters(data);
    return this.parameters;
  }

  /** Undefined where the module has none: old ones and clones refuse it or are silent (EF01 note §11). */
  async readProduct(): Promise<ProductInformation | undefined> {
    const command = {
      name: 'ReadProdInfo',
      opcode: OPCODE.readProdInfo,
      replyBytes: PRODUCT_BYTES,
      timeoutMs: PRODUCT_TIMEOUT_MS,
    };
    try {
      const { code, data } = await this.link.ask(command);
      this.product = code === CODE.ok ? parseProduct(data) : undefined;
    } catch (error) {
      if (!hasCode(error, 'DEVICE_TIMEOUT')) throw error;
      await this.link.quiet();
    }
    return this.product;
  }

  /** Undefined where the module keeps no notes. */
  async readNotepad(page: number): Promise<Uint8Array | undefined> {
    const { code, data } = await this.link.ask({
      name: 'ReadNotepad',
      opcode: OPCODE.readNotepad,
      parameters: [page],
      replyBytes: NOTEPAD_BYTES,
    });
    return code === CODE.ok ? data : undefined;
  }

  /** False where the module keeps no notes. */
  async writeNotepad(page: number, content: Uint8Array): Promise<boolean> {
    const { code } = await this.link.ask({
      name: 'WriteNotepad',
      opcode: OPCODE.writeNotepad,
      parameters: [page, ...content],
    });
    return code === CODE.ok;
  }

  /** Takes a picture of what lies on the sensor: false without a finger, and while it cannot be taken. */
  async capture(): Promise<boolean> {
    const { code } = await this.link.ask({
      name: 'GenImg',
      opcode: OPCODE.genImg,
      timeoutMs: CAPTURE_TIMEOUT_MS,
    });
    if (code === CODE.ok) return true;
    if (code === CODE.noFinger || code === CODE.captureFailed) return false;
    throw refusal('GenImg', code);
  }

  /** Features of the picture into a buffer. */
  async extract(buffer = BUFFER): Promise<Features> {
    const { code } = await this.link.ask({
      name: 'Img2Tz',
      opcode: OPCODE.img2Tz,
      parameters: [buffer],
      timeoutMs: CAPTURE_TIMEOUT_MS,
    });
    if (code === CODE.ok) return 'ok';
    if (code === CODE.messy || code === CODE.tooFew || code === CODE.noImage) return 'poor';
    throw refusal('Img2Tz', code);
  }

  /** The finger in the buffer among `count` slots from `start` on. */
  async search(start: number, count: number): Promise<{ slot: number; score: number } | undefined> {
    const { code, data } = await this.link.ask({
      name: 'Search',
      opcode: OPCODE.search,
      parameters: [BUFFER, ...uint16(start), ...uint16(count)],
      replyBytes: 4,
      timeoutMs: SEARCH_TIMEOUT_MS,
    });
    if (code === CODE.notFound || code === CODE.different || code === CODE.libraryEmpty) return undefined;
    if (code !== CODE.ok) throw refusal('Search', code);
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    return { slot: view.getUint16(0), score: view.getUint16(2) };
  }

  /** All captures become one template; false where they are not of one finger. */
  async combine(): Promise<boolean> {
    const { code } = await this.link.ask({ name: 'RegModel', opcode: OPCODE.regModel });
    if (code === CODE.notOneFinger) return false;
    if (code !== CODE.ok) throw refusal('RegModel', code);
    return true;
  }

  async store(slot: number): Promise<void> {
    const command = {
      name: 'Store',
      opcode: OPCODE.store,
      parameters: [BUFFER, ...uint16(slot)],
      timeoutMs: CAPTURE_TIMEOUT_MS,
    };
    await this.slots.whileChanged(
      () => this.link.command(command),
      (taken) => taken.add(slot),
    );
  }

  /** @throws RollcallError `NOT_FOUND` for a slot without a template. */
  async exportTemplate(slot: number): Promise<Uint8Array> {
    const { code } = await this.link.ask({
      name: 'LoadChar',
      opcode: OPCODE.loadChar,
      parameters: [BUFFER, ...uint16(slot)],
    });
    if (code === CODE.cannotRead || code === CODE.emptyTemplate) {
      throw new RollcallError('NOT_FOUND', `Slot ${slot} of the fingerprint module is empty`);
    }
    if (code !== CODE.ok) throw refusal('LoadChar', code);
    return this.link.download({ name: 'UpChar', opcode: OPCODE.upChar, parameters: [BUFFER] });
  }

  /** Data and Store follow each other at once: on some firmware the buffer does not last (EF01 note §6). */
  async importTemplate(slot: number, template: Uint8Array): Promise<void> {
    await this.link.command({ name: 'DownChar', opcode: OPCODE.downChar, parameters: [BUFFER] });
    await this.link.upload(template, this.parameters?.packetBytes ?? NOTEPAD_BYTES);
    await this.store(slot);
  }

  async downloadImage(): Promise<FingerImage> {
    const packed = await this.link.download({ name: 'UpImage', opcode: OPCODE.upImage });
    return unpackImage(packed, this.product);
  }

  async deleteTemplate(slot: number): Promise<void> {
    const command = {
      name: 'DeletChar',
      opcode: OPCODE.deletChar,
      parameters: [...uint16(slot), ...uint16(1)],
    };
    await this.slots.whileChanged(
      () => this.link.command(command),
      (taken) => taken.delete(slot),
    );
  }

  async deleteAll(): Promise<void> {
    const command = { name: 'Empty', opcode: OPCODE.empty, timeoutMs: EMPTY_TIMEOUT_MS };
    await this.slots.whileChanged(
      () => this.link.command(command),
      (taken) => taken.clear(),
    );
    // Some firmware says yes before its flash is idle (EF01 note §11).
    await this.link.quiet();
  }

  async occupiedSlots(): Promise<number[]> {
    const slots = await this.readIndex();
    this.slots.note(slots);
    return slots;
  }

  /** Bit 0 of byte 0 is slot 0 (EF01 note §4). */
  async readIndex(): Promise<number[]> {
    const capacity = this.parameters?.capacity ?? 0;
    const slots: number[] = [];
    for (let table = 0; table * SLOTS_PER_TABLE < capacity; table++) {
      const bits = await this.link.command({
        name: 'ReadIndexTable',
        opcode: OPCODE.readIndexTable,
        parameters: [table],
        replyBytes: INDEX_BYTES,
      });
      for (let bit = 0; bit < SLOTS_PER_TABLE; bit++) {
        const slot = table * SLOTS_PER_TABLE + bit;
        if (slot < capacity && ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0) slots.push(slot);
      }
    }
    return slots;
  }

  /** False where the module has no colored light. */
  async light(control: number, speed: number, color: number, count: number): Promise<boolean> {
    const { code } = await this.link.ask({
      name: 'AuraLedConfig',
      opcode: OPCODE.auraLed,
      parameters: [control, speed, color, count],
    });
    return code === CODE.ok;
  }
}

function uint16(value: number): [number, number] {
  return [(value >> 8) & 0xff, value & 0xff];
}

function uint32(value: number): number[] {
  return [...uint16(value >>> 16), ...uint16(value & 0xffff)];
}
