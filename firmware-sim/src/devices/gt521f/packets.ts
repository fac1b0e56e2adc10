const COMMAND_BYTES = 12;
const DEVICE = [0x01, 0x00];

export interface HostCommand {
  code: number;
  parameter: number;
}

export type Received = { command: HostCommand } | { data: Uint8Array };

/** Start, device, parameter, code and sum, the lowest byte first (GT-511C1R data sheet). */
export function response(isAck: boolean, parameter: number): Uint8Array {
  const code = isAck ? 0x30 : 0x31;
  return summed([0x55, 0xaa, ...DEVICE, ...little(parameter, 4), ...little(code, 2)]);
}

export function dataPacket(content: Uint8Array): Uint8Array {
  return summed([0x5a, 0xa5, ...DEVICE, ...content]);
}

/** Collects what the host sends; a damaged packet is lost. */
export class Gt521fReader {
  /** Content of the data packet that is expected next. */
  expected = 0;
  #held: number[] = [];

  push(bytes: Uint8Array): Received[] {
    this.#held.push(...bytes);
    const received: Received[] = [];
    for (;;) {
      const frame = this.#next();
      if (frame === undefined) return received;
      if (frame[0] === 0x5a) received.push({ data: Uint8Array.from(frame.slice(4, -2)) });
      else received.push({ command: { code: number(frame, 8, 2), parameter: number(frame, 4, 4) } });
    }
  }

  clear(): void {
    this.#held = [];
  }

  #next(): number[] | undefined {
    const held = this.#held;
    while (held.length >= 2) {
      const isCommand = held[0] === 0x55 && held[1] === 0xaa;
      const isData = this.expected > 0 && held[0] === 0x5a && held[1] === 0xa5;
      const length = isCommand ? COMMAND_BYTES : this.expected + 6;
      if (isCommand || isData) {
        if (held.length < length) return undefined;
        const sum = held.slice(0, length - 2).reduce((total, byte) => total + byte, 0) & 0xffff;
        if (sum === number(held, length - 2, 2)) return held.splice(0, length);
      }
      held.shift();
    }
    return undefined;
  }
}

function summed(bytes: number[]): Uint8Array {
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  return Uint8Array.from([...bytes, ...little(sum, 2)]);
}

export function little(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, at) => Math.floor(value / 256 ** at) & 0xff);
}

function number(bytes: readonly number[], at: number, length: number): number {
  return bytes.slice(at, at + length).reduceRight((value, byte) => value * 256 + byte, 0);
}
