import type { DeviceModel, Firmware, FirmwareContext } from './device.js';

const STX = 0x02;
const ETX = 0x03;
/** Ten bits per byte at 9600 baud: how long a 14-byte frame is on the line (RDM6300 note §5). */
const FRAME_MS = 15;
/** Pause between two frames while the card stays in the field (RDM6300 note §8). */
const REPEAT_GAP_MS = { min: 60, max: 200 };

/** Frames that real readers sent without a card, all with a valid checksum (RDM6300 note §6). */
const GHOST_DATA = [
  '000000078F',
  '00F00000F0',
  'F000060007',
  'B59A99E5A9',
  '4FFB388FFF',
  'DA9386B5EA',
  'DAEF6FEE2B',
  '0000000000',
];

export interface FrameStyle {
  hasCrLf?: boolean;
  isLowerCase?: boolean;
}

/** STX, ten hex digits, the XOR of the five data bytes as two hex digits, ETX; the ID-12LA adds CR LF before ETX. */
export function encodeFrame(
  uid: Uint8Array,
  { hasCrLf = false, isLowerCase = false }: FrameStyle = {},
): Uint8Array {
  let digits = '';
  let checksum = 0;
  for (const byte of uid) {
    digits += hexByte(byte);
    checksum ^= byte;
  }
  digits += hexByte(checksum);
  const text = (isLowerCase ? digits.toLowerCase() : digits) + (hasCrLf ? '\r\n' : '');
  return Uint8Array.of(STX, ...Buffer.from(text, 'ascii'), ETX);
}

function hexByte(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/** Repeats the frame for as long as the card is in the field. */
class Rdm6300Firmware implements Firmware {
  readonly #context: FirmwareContext;
  #cancelRepeat: (() => void) | undefined;

  constructor(context: FirmwareContext) {
    this.#context = context;
  }

  powerOn(): void {
    // Boots silently in well under a second and sends nothing (RDM6300 note §5).
  }

  powerOff(): void {
    this.cardOut();
  }

  hostOpened(): void {
    // The receive pin is dead: it cannot know (RDM6300 note §1).
  }

  cardIn(uid: Uint8Array): void {
    this.cardOut();
    const { profile } = this.#context;
    if (profile === 'id12la') this.#context.send(encodeFrame(uid, { hasCrLf: true }));
    else this.#repeat(encodeFrame(uid, { hasCrLf: profile === 'crlf', isLowerCase: profile === 'lower' }));
  }

  cardOut(): void {
    this.#cancelRepeat?.();
    this.#cancelRepeat = undefined;
  }

  receive(): void {
    // The receive pin is dead (RDM6300 note §1).
  }

  ghostFrame(): Uint8Array {
    return encodeFrame(Buffer.from(this.#context.random.pick(GHOST_DATA), 'hex'));
  }

  #repeat(frame: Uint8Array): void {
    this.#context.send(frame);
    const gapMs = this.#context.random.int(REPEAT_GAP_MS.min, REPEAT_GAP_MS.max);
    this.#cancelRepeat = this.#context.clock.after(FRAME_MS + gapMs, () => this.#repeat(frame));
  }
}

export const rdm6300: DeviceModel = {
  id: 'rdm6300',
  title: 'RDM6300 125 kHz card reader',
  profiles: [
    { id: 'rdm6300', title: 'repeats the frame while the card is there', baud: 9600 },
    { id: 'id12la', title: 'ID-12LA: one frame per presentation, with CR LF', baud: 9600 },
    { id: 'lower', title: 'clone that repeats in lower case', baud: 9600 },
    { id: 'crlf', title: 'clone that repeats and adds CR LF', baud: 9600 },
  ],
  uidBytes: [5],
  boot: (context) => new Rdm6300Firmware(context),
};
