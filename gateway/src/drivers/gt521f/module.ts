import { hasCode, RollcallError } from '@rollcall/protocol/errors';
import { KnownSlots } from '../finger/known-slots.js';
import type { FingerImage } from '../finger/sensor.js';
import { COMMAND, NACK, refusal } from './codes.js';
import type { Gt521fLink } from './link.js';

const HANDSHAKE_TIMEOUT_MS = 500;
/** The best capture, for enrollment, takes its time (GT-521F note §A4). */
const CAPTURE_TIMEOUT_MS = 3_500;
const SEARCH_TIMEOUT_MS = 4_000;
const INFO_BYTES = 24;
const SERIAL_AT = 8;
/** High word of SetTemplate: without a search for duplicates. */
const NO_DUPLICATE_CHECK = 0xffff_0000;
/** Capacities of the models, the largest first (GT-521F note §A3). */
const CAPACITIES = [3_000, 2_000, 200, 20] as const;

/** What differs between the models and is not told by them. */
export interface Gt521fModel {
  templateBytes: number;
  width: number;
  height: number;
}
export const IMAGE_DPI = 450;

export type Capture = 'ok' | 'poor' | 'gone';

/** The commands of one module (GT-521F note §A3), each with its possible outcomes. */
export class Gt521fModule {
  readonly link: Gt521fLink;
  readonly model: Gt521fModel;
  /** Hex; undefined where it is blank. */
  serial: string | undefined;
  firmware = '';
  capacity = 0;
  readonly slots = new KnownSlots();

  constructor(link: Gt521fLink, model: Gt521fModel) {
    this.link = link;
    this.model = model;
  }

  async open(): Promise<void> {
    const info = await this.link.download(
      {
        name: 'Open',
        code: COMMAND.open,
        parameter: 1,
        timeoutMs: HANDSHAKE_TIMEOUT_MS,
        dataTimeoutMs: HANDSHAKE_TIMEOUT_MS,
      },
      INFO_BYTES,
    );
    const serial = Buffer.from(info.subarray(SERIAL_AT)).toString('hex');
    this.serial = /^(?:0+|f+)$/.test(serial) ? undefined : serial;
    this.firmware = Buffer.from(info.subarray(0, 4)).reverse().toString('hex');
  }

  /** The largest of the known capacities whose last slot exists. */
  async findCapacity(): Promise<number> {
    for (const capacity of CAPACITIES) {
      const { isAck, parameter } = await this.#slotState(capacity - 1);
      if (!isAck && parameter === NACK.badId) continue;
      this.capacity = capacity;
      return capacity;
    }
    throw new RollcallError('DEVICE_REFUSED', 'The fingerprint module has fewer slots than any known one');
  }

  /** Depending on firmware the answer comes at the old or at the new speed: only the next question tells. */
  async changeBaud(baud: number): Promise<void> {
    try {
      await this.link.command({
        name: 'ChangeBaudrate',
        code: COMMAND.changeBaudrate,
        parameter: baud,
        timeoutMs: HANDSHAKE_TIMEOUT_MS,
      });
    } catch (error) {
      if (!hasCode(error, 'DEVICE_TIMEOUT')) throw error;
    }
  }

  async light(isOn: boolean): Promise<void> {
    await this.link.command({ name: 'CmosLed', code: COMMAND.cmosLed, parameter: isOn ? 1 : 0 });
  }

  /** An acknowledgement with 0 means pressed (GT-521F note §A5). */
  async isPressed(): Promise<boolean> {
    return (await this.link.command({ name: 'IsPressFinger', code: COMMAND.isPressFinger })) === 0;
  }

  async capture(isBest: boolean): Promise<Capture> {
    const { isAck, parameter } = await this.link.ask({
      name: 'CaptureFinger',
      code: COMMAND.captureFinger,
      parameter: isBest ? 1 : 0,
      timeoutMs: CAPTURE_TIMEOUT_MS,
    });
    if (isAck) return 'ok';
    if (parameter === NACK.notPressed) return 'gone';
    if (parameter === NACK.badFinger) return 'poor';
    throw refusal('CaptureFinger', parameter);
  }

  /** The slot of the captured finger. */
  async identify(): Promise<number | 'poor' | undefined> {
    const { isAck, parameter } = await this.link.ask({
      name: 'Identify',
      code: COMMAND.identify,
      timeoutMs: SEARCH_TIMEOUT_MS,
    });
    if (isAck) return parameter;
    if (parameter === NACK.badFinger) return 'poor';
    if (parameter === NACK.identifyFailed || parameter === NACK.databaseEmpty) return undefined;
    throw refusal('Identify', parameter);
  }

  /** Whether the captured finger is the one of this slot. */
  async verify(slot: number): Promise<boolean> {
    const { isAck, parameter } = await this.link.ask({
      name: 'Verify',
      code: COMMAND.verify,
      parameter: slot,
      timeoutMs: SEARCH_TIMEOUT_MS,
    });
    if (isAck) return true;
    const isNo = [NACK.verifyFailed, NACK.notUsed, NACK.databaseEmpty, NACK.badFinger].some(
      (code) => code === parameter,
    );
    if (isNo) return false;
    throw refusal('Verify', parameter);
  }

  /** A slot that is in use is emptied first. */
  async startEnrollment(slot: number): Promise<void> {
    await this.deleteTemplate(slot);
    // Whether it will be taken is known when the last capture was kept.
    this.slots.forget();
    await this.link.command({ name: 'EnrollStart', code: COMMAND.enrollStart, parameter: slot });
  }

  /** One of three captures into the template; a slot number means that the finger has that slot already. */
  async enroll(capture: number): Promise<'ok' | 'poor' | 'mismatch' | { slot: number }> {
    const { isAck, parameter } = await this.link.ask({
      name: `Enroll${capture}`,
      code: COMMAND.enroll1 + capture - 1,
      timeoutMs: CAPTURE_TIMEOUT_MS,
    });
    if (isAck) return 'ok';
    if (parameter < this.capacity) return { slot: parameter };
    if (parameter === NACK.badFinger) return 'poor';
    if (parameter === NACK.enrollFailed) return 'mismatch';
    throw refusal(`Enroll${capture}`, parameter);
  }

  /** @throws RollcallError `NOT_FOUND` for a slot without a template. */
  async exportTemplate(slot: number): Promise<Uint8Array> {
    const { isAck } = await this.#slotState(slot);
    if (!isAck) throw new RollcallError('NOT_FOUND', `Slot ${slot} of the fingerprint module is empty`);
    return this.link.download(
      { name: 'GetTemplate', code: COMMAND.getTemplate, parameter: slot },
      this.model.templateBytes,
    );
  }

  async importTemplate(slot: number, template: Uint8Array): Promise<void> {
    if (template.length !== this.model.templateBytes) {
      throw new RollcallError(
        'TEMPLATE_INVALID',
        `A template of this module has ${this.model.templateBytes} bytes, not ${template.length}`,
      );
    }
    await this.deleteTemplate(slot);
    await this.slots.whileChanged(
      () => this.#setTemplate(slot, template),
      (taken) => taken.add(slot),
    );
  }

  /** The picture that the last capture took. */
  async downloadImage(): Promise<FingerImage> {
    const { width, height } = this.model;
    const pixels = await this.link.download({ name: 'GetImage', code: COMMAND.getImage }, width * height);
    return { width, height, dpi: IMAGE_DPI, pixels };
  }

  async deleteTemplate(slot: number): Promise<void> {
    const command = { name: 'DeleteID', code: COMMAND.deleteId, parameter: slot };
    await this.slots.whileChanged(
      async () => {
        const { isAck, parameter } = await this.link.ask(command);
        const wasEmpty = parameter === NACK.notUsed || parameter === NACK.databaseEmpty;
        if (!isAck && !wasEmpty) throw refusal('DeleteID', parameter);
      },
      (taken) => taken.delete(slot),
    );
  }

  async deleteAll(): Promise<void> {
    this.slots.forget();
    const { isAck, parameter } = await this.link.ask({
      name: 'DeleteAll',
      code: COMMAND.deleteAll,
      timeoutMs: SEARCH_TIMEOUT_MS,
    });
    if (!isAck && parameter !== NACK.databaseEmpty) throw refusal('DeleteAll', parameter);
  }

  enrolledCount(): Promise<number> {
    return this.link.command({ name: 'GetEnrollCount', code: COMMAND.getEnrollCount });
  }

  async isOccupied(slot: number): Promise<boolean> {
    return (await this.#slotState(slot)).isAck;
  }

  async #setTemplate(slot: number, template: Uint8Array): Promise<void> {
    await this.link.command({
      name: 'SetTemplate',
      code: COMMAND.setTemplate,
      parameter: (NO_DUPLICATE_CHECK | slot) >>> 0,
    });
    const { isAck, parameter } = await this.link.upload('the template', template);
    if (!isAck) throw refusal('the template', parameter);
  }

  #slotState(slot: number) {
    return this.link.ask({ name: 'CheckEnrolled', code: COMMAND.checkEnrolled, parameter: slot });
  }
}
