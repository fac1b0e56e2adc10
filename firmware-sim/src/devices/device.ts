import type { Clock } from '@rollcall/protocol/clock';
import type { Random } from '../random.js';
import type { Wire, WireOptions } from '../wire/wire.js';
import type { LightColor } from './device-event.js';
import type { FingerRates } from './simulated-finger.js';
import type { TerminalMemory } from './terminal/terminal-memory.js';

/** What the firmware of a simulated device may use: its own clock, its line to the host, its lights. */
export interface FirmwareContext {
  clock: Clock;
  random: Random;
  profile: string;
  /** Where its host is, of a device that calls. */
  link: string;
  /** How often a sensor errs about fingers. */
  rates: FingerRates;
  /** Speed of its line. */
  baud: number;
  /** What was set beside the profile, by name; each model says what it knows. */
  settings: Readonly<Record<string, string>>;
  send(frame: Uint8Array): void;
  showLight(color: LightColor, ms: number): void;
  beep(count: number, ms: number): void;
  /** Its own speed from now on; what waits to be sent still goes at the old one. */
  setBaud(baud: number): void;
  /** A command of the host that was refused, in words for a human. */
  refuse(reason: string): void;
}

/** The program that runs inside a device, written from the datasheet alone. */
export interface Firmware {
  powerOn(): void;
  /** Stops every timer: without power nothing happens. */
  powerOff(): void;
  /** A host opened the port; on many boards that is a reset. */
  hostOpened(): void;
  /** Of devices on the network: the connection has ended, or none could be made. */
  hostClosed?(): void;
  cardIn(uid: Uint8Array): void;
  cardOut(): void;
  /** Of scanners: a finger is laid on the sensor, and taken away. */
  fingerIn?(finger: string): void;
  fingerOut?(): void;
  /** Bytes of the host, in pieces of any size. */
  receive(bytes: Uint8Array): void;
  /** A feature report that the host sets, its number first; false for one that this device does not have. */
  setFeature?(report: Uint8Array): boolean;
  /** The feature report that the host asks for, its number first; undefined where there is none. */
  getFeature?(reportId: number): Uint8Array | undefined;
  /** What a host has changed about it, or could, for a test to compare; absent where nothing outlasts a connection. */
  readonly configured?: unknown;
  /** A frame as the device sends it although no card is there. */
  ghostFrame(): Uint8Array;
  /** Of terminals: what can be done to their memory and their clock. */
  readonly memory?: TerminalMemory;
  /** Of terminals that let users be changed: whom they know. */
  readonly users?: readonly string[];
  /** The same: what they have of one, as it lies in their memory. */
  userRecord?(user: string): Uint8Array;
  /** What only this kind of device can be made to do, its own faults included. */
  readonly commands?: readonly FirmwareCommand[];
}

/** One line on standard input, or one request to the control API. */
export interface FirmwareCommand {
  /** Name and words, as a technician types them. */
  usage: string;
  /** @throws RollcallError `REQUEST_INVALID` */
  run(words: readonly string[]): void;
}

export interface DeviceProfile {
  id: string;
  title: string;
  /** 0 where there is no speed: a HID device. */
  baud: number;
}

/** One kind of device. A new one is one file with one of these, and its line in the registry. */
export interface DeviceModel {
  /** The id of the gateway's driver for it. */
  id: string;
  title: string;
  /** The first is the default. */
  profiles: readonly [DeviceProfile, ...DeviceProfile[]];
  /** A pty, or reports over a socket where a real one is a USB-HID device. */
  connection?: 'pty' | 'reports';
  /** Lengths of a card UID that this device can read, in bytes. */
  uidBytes: readonly number[];
  /** A terminal: people are shown to it by their user id. */
  readsUsers?: true;
  /** How it is connected, where that is no serial cable. */
  openWire?(options: WireOptions & { clock: Clock; link: string }): Wire;
  /** A scanner: people show it fingers. */
  readsFingers?: true;
  /** Settings that it knows, each as an example. */
  settings?: readonly string[];
  boot(context: FirmwareContext): Firmware;
}
