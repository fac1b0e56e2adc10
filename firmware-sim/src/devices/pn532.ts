import type { DeviceModel, Firmware, FirmwareContext } from './device.js';
import { Chip } from './pn532/chip.js';
import { ClassicCard } from './pn532/classic-card.js';
import { DesfireCard } from './pn532/desfire-card.js';
import { FelicaCard } from './pn532/felica-card.js';
import { ACK_FRAME, answerFrame, ERROR_FRAME, HostFrames } from './pn532/hsu.js';
import { NtagCard } from './pn532/ntag-card.js';
import type { SimulatedCard } from './pn532/simulated-card.js';
import { TypeBCard } from './pn532/type-b-card.js';

const WAKE_BYTE = 0x55;
/** The chip acknowledges a command before it carries it out. */
const ACK_MS = 1;
const FELICA_UID_BYTES = 8;
const CLASSIC_UID_BYTES = 4;
/** First byte of a UID that a card makes up. */
const RANDOM_UID = 0x08;

/** A PN532 whose switches are set to HSU (UM0701-02; PN532 note §2 and §3). */
class Pn532Firmware implements Firmware {
  readonly #context: FirmwareContext;
  readonly #frames = new HostFrames();
  readonly #chip: Chip;
  #cancelAck: (() => void) | undefined;
  #isAwake = false;
  #lastAnswer: Uint8Array | undefined;

  constructor(context: FirmwareContext) {
    this.#context = context;
    this.#chip = new Chip({
      clock: context.clock,
      answer: (code, data) => this.#answer(answerFrame(code, data)),
      refuse: (reason) => {
        context.refuse(reason);
        this.#answer(ERROR_FRAME);
      },
    });
  }

  powerOn(): void {
    this.#isAwake = false;
  }

  powerOff(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#chip.abort();
    this.#chip.cardOut();
    this.#frames.clear();
  }

  hostOpened(): void {
    // The lines say nothing about who opened them.
  }

  cardIn(uid: Uint8Array): void {
    this.#chip.cardIn(cardFor(uid, this.#context));
  }

  cardOut(): void {
    this.#chip.cardOut();
  }

  receive(bytes: Uint8Array): void {
    let heard = bytes;
    if (!this.#isAwake) {
      const wake = bytes.indexOf(WAKE_BYTE);
      if (wake < 0) return;
      this.#isAwake = true;
      heard = bytes.subarray(wake);
    }
    for (const frame of this.#frames.push(heard)) {
      if (frame.type === 'ack') this.#abort();
      else if (frame.type === 'nack') this.#repeat();
      else if (frame.type === 'bad') this.#context.refuse(frame.reason);
      else this.#begin(frame.code, frame.parameters);
    }
  }

  /** An answer to a question of the past: the chip says nothing that it was not asked. */
  ghostFrame(): Uint8Array {
    return answerFrame(0x02, [0x32, 0x01, 0x06, 0x07]);
  }

  #begin(code: number, parameters: Uint8Array): void {
    this.#abort();
    this.#cancelAck = this.#context.clock.after(ACK_MS, () => {
      this.#cancelAck = undefined;
      this.#context.send(ACK_FRAME);
      this.#chip.execute(code, parameters);
    });
  }

  #abort(): void {
    this.#cancelAck?.();
    this.#cancelAck = undefined;
    this.#chip.abort();
  }

  #repeat(): void {
    if (this.#lastAnswer !== undefined) this.#context.send(this.#lastAnswer);
  }

  #answer(frame: Uint8Array): void {
    this.#lastAnswer = frame;
    this.#context.send(frame);
  }
}

/** The card with this number that the profile has people carry. */
function cardFor(uid: Uint8Array, { profile, random }: FirmwareContext): SimulatedCard {
  switch (profile) {
    case 'classic':
      return new ClassicCard(uid);
    case 'desfire-ev1':
      return new DesfireCard(uid, { generation: 'ev1', random });
    case 'desfire-ev2':
      return new DesfireCard(uid, { generation: 'ev2', random });
    case 'desfire-random':
      return new DesfireCard(uid, { generation: 'ev2', hasRandomUid: true, random });
    case 'type-b':
      return new TypeBCard(uid.slice(0, CLASSIC_UID_BYTES));
    default:
      break;
  }
  if (uid.length === FELICA_UID_BYTES) return new FelicaCard(uid);
  if (uid.length !== CLASSIC_UID_BYTES) return new NtagCard(uid);
  return uid[0] === RANDOM_UID ? new DesfireCard(uid, { generation: 'ev2', random }) : new ClassicCard(uid);
}

export const pn532: DeviceModel = {
  id: 'pn532',
  title: 'PN532 13.56 MHz reader',
  profiles: [
    {
      id: 'mixed',
      title: '4 bytes: MIFARE Classic, 08…: random, 7 and 10: NTAG213, 8: FeliCa',
      baud: 115_200,
    },
    { id: 'classic', title: 'MIFARE Classic 1K, number in block 4, keys FFFFFFFFFFFF', baud: 115_200 },
    { id: 'desfire-ev1', title: 'DESFire EV1, application A1B2C3, AES keys of zeros', baud: 115_200 },
    { id: 'desfire-ev2', title: 'DESFire EV2, the same', baud: 115_200 },
    { id: 'desfire-random', title: 'DESFire EV2 that shows a random UID', baud: 115_200 },
    { id: 'type-b', title: 'ISO 14443 B', baud: 115_200 },
  ],
  uidBytes: [4, 7, 8, 10],
  boot: (context) => new Pn532Firmware(context),
};
