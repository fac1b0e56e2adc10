import type { Firmware, FirmwareContext } from './device.js';
import type { SketchProfile } from './line-profiles.js';

/** A do-it-yourself sketch: prints cards, is deaf to the host. */
export class SketchFirmware implements Firmware {
  readonly #context: FirmwareContext;
  readonly #profile: SketchProfile;
  #cancelRepeat: (() => void) | undefined;

  constructor(context: FirmwareContext, profile: SketchProfile) {
    this.#context = context;
    this.#profile = profile;
  }

  powerOn(): void {
    this.#print(this.#profile.banner);
  }

  powerOff(): void {
    this.cardOut();
  }

  /** Opening the port resets most boards (line note §1). */
  hostOpened(): void {
    this.#print(this.#profile.banner);
  }

  cardIn(uid: Uint8Array): void {
    this.cardOut();
    this.#printCard(this.#profile.rows(uid));
  }

  cardOut(): void {
    this.#cancelRepeat?.();
    this.#cancelRepeat = undefined;
  }

  receive(): void {
    // Many sketches never read (line note §5).
  }

  ghostFrame(): Uint8Array {
    return this.#encode(this.#profile.rows(this.#context.random.bytes(4))[0] ?? '');
  }

  #printCard(rows: readonly string[]): void {
    this.#print(rows);
    const { repeatMs } = this.#profile;
    if (repeatMs === undefined) return;
    this.#cancelRepeat = this.#context.clock.after(repeatMs, () => this.#printCard(rows));
  }

  #print(rows: readonly string[]): void {
    for (const row of rows) this.#context.send(this.#encode(row));
  }

  #encode(row: string): Uint8Array {
    return Buffer.from(row + this.#profile.lineEnd, 'latin1');
  }
}
