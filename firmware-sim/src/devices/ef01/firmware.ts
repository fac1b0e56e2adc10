import type { Firmware, FirmwareContext } from '../device.js';
import type { LightColor } from '../device-event.js';
import { FingerTouch } from '../finger-touch.js';
import { AutoModes } from './auto-modes.js';
import { DEFAULT_ADDRESS, KIND, PacketReader, packet, type ReceivedPacket } from './packets.js';
import type { Ef01Profile } from './profiles.js';
import { CONFIRM, SensorState } from './sensor-state.js';

const BOOT_MS = 200;
const READY = 0x55;
/** What each command keeps the module busy for, ms; everything else is as good as at once. */
const BUSY_MS: Readonly<Record<number, number>> = {
  1: 60,
  2: 120,
  3: 20,
  4: 90,
  5: 30,
  6: 60,
  13: 300,
  27: 60,
  40: 60,
};
const SIMPLE_MS = 3;
/** From the answer to the first packet of a picture. */
const PICTURE_MS = 10;
/** Commands that a locked module still takes. */
const OPEN_TO_ALL: readonly number[] = [0x13, 0x15, 0x17];
const BAUD_UNIT = 9_600;
const BAUD_FACTORS: readonly number[] = [1, 2, 4, 6, 12];
const PACKET_BYTES = [32, 64, 128, 256] as const;
/** Colors of the ring that the lights of other devices have too; the rest is decoration. */
const RING_COLORS: Readonly<Record<number, LightColor>> = { 1: 'red', 4: 'green', 5: 'amber' };
const RING_OFF: readonly number[] = [4, 6];
const RING_UNIT_MS = 10;

type Answer = number | { code: number; data?: readonly number[]; stream?: Uint8Array | (() => Uint8Array) };

/** The program of a module of the EF01 family (R503 user manual V1.2; ZFM-20 manual). */
export class Ef01Firmware implements Firmware {
  readonly state: SensorState;
  readonly #context: FirmwareContext;
  readonly #profile: Ef01Profile;
  readonly #reader = new PacketReader();
  readonly #auto: AutoModes;
  readonly #cancels = new Set<() => void>();
  #isReady = false;
  #isUnlocked = true;
  #address = DEFAULT_ADDRESS;
  #password = 0;
  #security = 3;
  #packetCode = 2;
  #baudFactor: number;
  /** Data packets of the host that are expected, and where they go. */
  #incoming: { parts: number[]; store(bytes: Uint8Array): void } | undefined;

  constructor(context: FirmwareContext, profile: Ef01Profile) {
    this.#context = context;
    this.#profile = profile;
    this.#baudFactor = profile.baud / BAUD_UNIT;
    this.state = new SensorState({ profile, rates: context.rates, random: context.random });
    this.#auto = new AutoModes({
      state: this.state,
      capacity: profile.capacity,
      after: (ms, act) => this.#after(ms, act),
      acknowledge: (code, data) => this.#send(KIND.ack, [code, ...data]),
    });
  }

  get configured(): unknown {
    return {
      address: this.#address,
      password: this.#password,
      security: this.#security,
      packetCode: this.#packetCode,
      baudFactor: this.#baudFactor,
      notepad: this.state.notepad.map((page) => Uint8Array.from(page)),
    };
  }

  powerOn(): void {
    this.#after(BOOT_MS, () => {
      this.#isReady = true;
      this.#isUnlocked = this.#password === 0;
      this.#context.send(this.#profile.hasStrayZero ? Uint8Array.of(0, READY) : Uint8Array.of(READY));
    });
  }

  powerOff(): void {
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#auto.stop();
    this.#isReady = false;
    this.#incoming = undefined;
    this.#reader.clear();
    this.state.forget();
  }

  hostOpened(): void {
    // A UART does not tell.
  }

  cardIn(): void {
    // Reads no cards.
  }

  cardOut(): void {
    // Reads no cards.
  }

  fingerIn(finger: string): void {
    this.state.touch = new FingerTouch(finger, this.#context.random);
  }

  fingerOut(): void {
    this.state.touch = undefined;
  }

  receive(bytes: Uint8Array): void {
    // Before it is ready it hears nothing.
    if (!this.#isReady) return;
    for (const received of this.#reader.push(bytes)) this.#onPacket(received);
  }

  /** An acknowledgement that nobody asked for. */
  ghostFrame(): Uint8Array {
    return packet(KIND.ack, Uint8Array.of(CONFIRM.ok), this.#address);
  }

  #onPacket({ address, kind, content, isIntact }: ReceivedPacket): void {
    if (address !== this.#address && address !== DEFAULT_ADDRESS) return;
    if (!isIntact) {
      this.#context.refuse('a packet with a wrong sum');
      this.#send(KIND.ack, [CONFIRM.damaged]);
      return;
    }
    if (kind === KIND.command) this.#onCommand(content);
    else if (kind === KIND.data || kind === KIND.end) this.#onData(content, kind === KIND.end);
  }

  #onData(content: Uint8Array, isLast: boolean): void {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    incoming.parts.push(...content);
    if (!isLast) return;
    this.#incoming = undefined;
    incoming.store(Uint8Array.from(incoming.parts));
  }

  #onCommand(content: Uint8Array): void {
    const opcode = content[0] ?? 0;
    this.#incoming = undefined;
    if (!this.#isUnlocked && !OPEN_TO_ALL.includes(opcode)) {
      this.#after(SIMPLE_MS, () => this.#send(KIND.ack, [CONFIRM.locked]));
      return;
    }
    this.#after(BUSY_MS[opcode] ?? SIMPLE_MS, () => this.#execute(opcode, content.subarray(1)));
  }

  #execute(opcode: number, parameters: Uint8Array): void {
    const answer = this.#answer(opcode, parameters);
    if (answer === undefined) return;
    const { code, data = [], stream } = typeof answer === 'number' ? { code: answer } : answer;
    this.#send(KIND.ack, [code, ...data]);
    if (code !== CONFIRM.ok || stream === undefined) return;
    // The answer goes out before a picture is made, which takes this machine longer than a module.
    if (typeof stream === 'function') this.#after(PICTURE_MS, () => this.#stream(stream()));
    else this.#stream(stream);
  }

  /** Undefined for what is answered later, or by several acknowledgements. */
  #answer(opcode: number, parameters: Uint8Array): Answer | undefined {
    const [first = 0] = parameters;
    const page = number16(parameters, 1);
    const { state } = this;
    switch (opcode) {
      case 0x01:
      case 0x28:
        return opcode === 0x28 && !this.#profile.isR503 ? CONFIRM.unknown : state.capture();
      case 0x02:
        return state.extract(first);
      case 0x03: {
        const score = state.compare();
        return score === undefined
          ? { code: CONFIRM.different, data: [0, 0] }
          : { code: CONFIRM.ok, data: bytes16(score) };
      }
      case 0x04:
      case 0x1b: {
        const { code, slot, score } = state.search(first, page, number16(parameters, 3));
        return { code, data: [...bytes16(slot), ...bytes16(score)] };
      }
      case 0x05:
        return state.combine();
      case 0x06:
        return state.store(first, page);
      case 0x07:
        return state.load(first, page);
      case 0x08: {
        const template = state.buffers.get(first);
        return template === undefined ? 0x0d : { code: CONFIRM.ok, stream: template };
      }
      case 0x09:
        return this.#expect((bytes) => state.buffers.set(first, bytes));
      case 0x0a:
        return state.hasImage ? { code: CONFIRM.ok, stream: () => state.packedImage() } : CONFIRM.noImage;
      case 0x0b:
        return this.#expect((bytes) => state.putImage(bytes));
      case 0x0c:
        return this.#delete(number16(parameters, 0), number16(parameters, 2));
      case 0x0d:
        state.library.clear();
        return CONFIRM.ok;
      default:
        return this.#answerSettings(opcode, parameters);
    }
  }

  #answerSettings(opcode: number, parameters: Uint8Array): Answer | undefined {
    const [first = 0, second = 0] = parameters;
    switch (opcode) {
      case 0x0e:
        return this.#setParameter(first, second);
      case 0x0f:
        return { code: CONFIRM.ok, data: this.#parameters() };
      case 0x12:
        this.#password = number32(parameters, 0);
        return CONFIRM.ok;
      case 0x13:
        this.#isUnlocked = number32(parameters, 0) === this.#password;
        return this.#isUnlocked ? CONFIRM.ok : CONFIRM.wrongPassword;
      case 0x14:
        return { code: CONFIRM.ok, data: [...this.#context.random.bytes(4)] };
      case 0x15:
        this.#address = number32(parameters, 0);
        return CONFIRM.ok;
      case 0x16:
        return { code: CONFIRM.ok, stream: new Uint8Array(512) };
      case 0x17:
        return CONFIRM.ok;
      case 0x18:
        this.state.notepad[first]?.set(parameters.subarray(1, 33));
        return this.state.notepad[first] === undefined ? CONFIRM.badPage : CONFIRM.ok;
      case 0x19: {
        const notes = this.state.notepad[first];
        return notes === undefined ? CONFIRM.badPage : { code: CONFIRM.ok, data: [...notes] };
      }
      case 0x1d:
        return { code: CONFIRM.ok, data: bytes16(this.state.library.size) };
      case 0x1f:
        return { code: CONFIRM.ok, data: [...this.state.indexTable(first)] };
      case 0x50:
      case 0x51:
        return this.#profile.isR503 ? CONFIRM.unknown : CONFIRM.ok;
      case 0x53:
        // Says 55 in the place of the code (EF01 note §11).
        return READY;
      default:
        return this.#profile.isR503 ? this.#answerR503(opcode, parameters) : CONFIRM.unknown;
    }
  }

  #answerR503(opcode: number, parameters: Uint8Array): Answer | undefined {
    switch (opcode) {
      case 0x30:
        this.#auto.stop();
        return CONFIRM.ok;
      case 0x31:
        this.#auto.enroll(parameters);
        return undefined;
      case 0x32:
        this.#auto.identify(parameters);
        return undefined;
      case 0x35:
        this.#light(parameters);
        return CONFIRM.ok;
      case 0x36:
      case 0x40:
        return CONFIRM.ok;
      case 0x39:
      case 0x3a:
        return { code: CONFIRM.ok, data: text(opcode === 0x39 ? 'SIM-ALG-1' : 'SIM-FW-1.4.1', 32) };
      case 0x3c:
        return { code: CONFIRM.ok, data: this.#product() };
      case 0x3d:
        this.#send(KIND.ack, [CONFIRM.ok]);
        this.powerOff();
        this.powerOn();
        return undefined;
      default:
        return CONFIRM.unknown;
    }
  }

  #expect(store: (bytes: Uint8Array) => void): Answer {
    this.#incoming = { parts: [], store };
    return CONFIRM.ok;
  }

  #delete(slot: number, count: number): Answer {
    if (slot + count > this.#profile.capacity) return 0x10;
    for (let at = slot; at < slot + count; at++) this.state.library.delete(at);
    return CONFIRM.ok;
  }

  #setParameter(register: number, value: number): Answer | undefined {
    if (register === 4) {
      if (!BAUD_FACTORS.includes(value)) return CONFIRM.badValue;
      // Answered at the old speed; the new one holds from then on, also after a loss of power.
      this.#send(KIND.ack, [CONFIRM.ok]);
      this.#baudFactor = value;
      this.#context.setBaud(value * BAUD_UNIT);
      return undefined;
    }
    if (register === 5) {
      if (value < 1 || value > 5) return CONFIRM.badValue;
      this.#security = value;
      return CONFIRM.ok;
    }
    if (register !== 6) return CONFIRM.badRegister;
    if (value >= PACKET_BYTES.length) return CONFIRM.badValue;
    this.#packetCode = value;
    return CONFIRM.ok;
  }

  #parameters(): number[] {
    const { systemId, capacity } = this.#profile;
    const status = this.state.hasImage ? 8 : 0;
    return [status, systemId, capacity, this.#security]
      .flatMap(bytes16)
      .concat(bytes16(this.#address >>> 16), bytes16(this.#address & 0xffff))
      .concat(bytes16(this.#packetCode), bytes16(this.#baudFactor));
  }

  #product(): number[] {
    const { width, height, templateBytes, capacity } = this.#profile;
    return [
      ...text('FPM-R503', 16),
      ...text('2106', 4),
      ...text('00000042', 8),
      ...[1, 2],
      ...text('GR192RGB', 8),
      ...[width, height, templateBytes, capacity].flatMap(bytes16),
    ];
  }

  #light([control = 0, speed = 0, color = 0, count = 0]: Uint8Array): void {
    if (RING_OFF.includes(control)) {
      this.#context.showLight('off', 0);
      return;
    }
    const shown = RING_COLORS[color];
    if (shown !== undefined) this.#context.showLight(shown, speed * RING_UNIT_MS * Math.max(1, count));
  }

  #stream(bytes: Uint8Array): void {
    const size = PACKET_BYTES[this.#packetCode] ?? PACKET_BYTES[0];
    for (let at = 0; at < bytes.length; at += size) {
      this.#send(at + size >= bytes.length ? KIND.end : KIND.data, bytes.subarray(at, at + size));
    }
  }

  #send(kind: number, content: Iterable<number>): void {
    this.#context.send(packet(kind, Uint8Array.from(content), this.#address));
  }

  #after(ms: number, act: () => void): () => void {
    const cancel = this.#context.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      act();
    });
    this.#cancels.add(cancel);
    return cancel;
  }
}

function bytes16(value: number): [number, number] {
  return [(value >> 8) & 0xff, value & 0xff];
}

function number16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

function number32(bytes: Uint8Array, at: number): number {
  return number16(bytes, at) * 0x10000 + number16(bytes, at + 2);
}

function text(words: string, length: number): number[] {
  return [...Buffer.from(words.padEnd(length, '\0'), 'latin1')];
}
