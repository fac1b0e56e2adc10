import type { Clock } from '@rollcall/protocol/clock';
import type { CardRead } from '@rollcall/protocol/credential';
import type { DeviceCounter } from '@rollcall/protocol/device-status';
import type { ErrorCode, RollcallError } from '@rollcall/protocol/errors';
import type { FingerRefusal } from '@rollcall/protocol/gateway-event';
import type { DirectionHint } from '@rollcall/protocol/punch';
import type * as z from 'zod';
import type { FeedbackSignal } from '../feedback/signal.js';
import type { FingerImage, FingerSensor } from './finger/sensor.js';
import type { FingerVerifier } from './finger/verifier.js';
import type { TerminalLink } from './terminal-log.js';
import type { UserChange } from './user-change.js';

export type DriverEvent =
  /** One presentation of one card; repeats while it stays in the field are merged by the driver. */
  | {
      type: 'card';
      read: CardRead;
      directionHint?: DirectionHint;
      /** Set where the wire format has a check value and the device left it out. */
      unverified?: true;
    }
  | { type: 'card_removed' }
  /** The sensor recognized a finger itself; one event a presentation, the finger has to leave in between. */
  | { type: 'finger'; slot: number; score?: number }
  /** A presentation that is to be recognized on the gateway. */
  | { type: 'finger_image'; image: FingerImage }
  /** The same, of a device that makes a template itself: an INCITS 378 or ISO/IEC 19794-2 record. */
  | { type: 'finger_template'; template: Uint8Array }
  /** A finger that is in no slot, or that could not be read in several tries. */
  | { type: 'finger_unknown' }
  /** What was laid on the sensor is no living finger, in its own opinion; one event a presentation. */
  | { type: 'finger_refused'; reason: FingerRefusal }
  /**
   * Keys that were pressed, in order: digits, `*` and `#`. They may come one by one or all at once, and may be
   * somebody's PIN.
   */
  | { type: 'keys'; digits: string }
  /** Something about the device that lasts until it says otherwise; `problem` null once it is over. */
  | { type: 'condition'; code: ErrorCode; problem: string | null }
  /** The device said who it is. */
  | { type: 'identity'; text: string }
  /** A heartbeat: a device that has ever sent one and then falls silent counts as degraded. */
  | { type: 'alive' }
  /** Everything that a terminal logged before this instant of our wall clock is kept. */
  | { type: 'drained'; throughMs: number }
  /**
   * Something was read and not believed; `message` tells the technician what to change and never contains
   * what was read.
   */
  | { type: 'rejected'; reason: string; message: string };

/**
 * Reports of a HID device that are exchanged on request. A report starts with its number, 0 where the device does
 * not number them.
 */
export interface FeatureReports {
  /** @throws RollcallError `PORT_CLOSED`, `DEVICE_TIMEOUT` or `DEVICE_REFUSED`. */
  set(report: Uint8Array): Promise<void>;
  /**
   * @param bytes length of the report, its number included.
   * @throws RollcallError `PORT_CLOSED`, `DEVICE_TIMEOUT` or `DEVICE_REFUSED`.
   */
  get(reportId: number, bytes: number): Promise<Uint8Array>;
}

/** A stream of bytes: a serial port, or one behind a serial server. */
export interface SerialLink {
  /** Left out by most: bytes are what readers usually speak. */
  kind?: 'serial';
  baud: number;
  dtr: boolean;
  rts: boolean;
  /** Milliseconds from opening until the device can be believed (boot banner, stale buffer). */
  readyWithinMs: number;
}

/** Reports: `onBytes` has one whole report each time, `write` takes one, its number first. */
export interface HidLink {
  kind: 'hid';
  /** Of the top-level collection that is meant (HID usage tables). */
  usagePage: number;
  usage: number;
  /** Whether it is a keyboard to the system: then its keys are taken away from everybody else. */
  exclusive: boolean;
  /** Whether its keys are all that is needed, so that input events do as well as reports. */
  fromEvents?: true;
  readyWithinMs: number;
}

/** How likely a USB device is one of this family. */
export interface UsbHint {
  vid: number;
  /** Every product of the vendor where it is left out. */
  pid?: number;
  /** Part of the name that the device gives itself, in lower case. */
  name?: string;
  /** 1 to 100: 100 is only this family, below 50 are chips and numbers that many devices share. */
  score: number;
}

/** All that a driver can see of the world. */
export interface DriverContext<Options> {
  readonly deviceId: string;
  readonly options: Options;
  readonly clock: Clock;
  /** Somebody only looks whether the device answers: nothing of it may be changed, neither now nor by what is asked. */
  readonly isLookedAt?: boolean;
  /** True where each chunk is one datagram, which may be lost, repeated, late or out of order. */
  readonly datagrams?: boolean;
  /** Fails at once when the connection is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Changes the speed of a serial port; where there is none (TCP) it does nothing. Fails when the connection is gone. */
  setBaud(baud: number): Promise<void>;
  /** Feature reports of a HID device; elsewhere they fail with `DEVICE_REFUSED`. */
  readonly features: FeatureReports;
  /** From the system's secure generator; injected so that challenges of secure readers can be replayed in tests. */
  randomBytes(count: number): Uint8Array;
  /** Keeping and remembering for devices with a log of their own. */
  readonly terminal: TerminalLink;
  /** The content of a secret file that an option names, without the newline that editors add. @throws RollcallError `KEY_INVALID` */
  readSecret(file: string): string;
  /**
   * Waits until nobody else speaks on a port that several devices share, and gives the function that ends the turn.
   * Resolves at once where the port is not shared. Fails when the connection is gone.
   */
  takeTurn(): Promise<() => void>;
  /** Blackens what the capture holds from the last write to the next: it was, or answers, a secret. */
  conceal(): void;
  /** Ends this connection; the supervisor tells why and tries again by its own schedule. */
  giveUp(reason: RollcallError): void;
  emit(event: DriverEvent): void;
  /** What the capture for the technician may hold; only for drivers that say `capturesItself`. */
  capture(direction: 'in' | 'out', bytes: Uint8Array): void;
  count(counter: DeviceCounter, by?: number): void;
}

/** Lives as long as one connection, never longer. */
export interface DriverSession {
  /** Takes any bytes in any split; never throws. */
  onBytes(chunk: Uint8Array): void;
  /** Shows the outcome on the device's own lights; absent where it has none. */
  feedback?(signal: FeedbackSignal): Promise<void>;
  /**
   * Finds out whether the expected device answers; absent where nothing can be asked.
   *
   * @throws RollcallError `DEVICE_TIMEOUT` or `DEVICE_REFUSED`.
   */
  probe?(): Promise<void>;
  /**
   * Changes whom a terminal knows; absent where a device knows nobody. Resolves once the device has done it.
   *
   * @throws RollcallError `DEVICE_REFUSED` or `DEVICE_TIMEOUT`.
   */
  changeUser?(change: UserChange): Promise<void>;
  /** What enrollment and the gallery do with a scanner, from its probe on; absent on everything else. */
  readonly sensor?: FingerSensor | undefined;
  /** Of a card reader that compares the finger of whoever showed the card; absent on everything else. */
  readonly verifier?: FingerVerifier | undefined;
  /** Cancels every timer. */
  close(): void;
}

/** One reader family: a literal, found through the registry (edge §6.3). */
export interface DriverDefinition<Options> {
  readonly id: string;
  /** A `terminal` has a log of its own: what it saw is complete up to the time to which the log is drained. */
  readonly kind: 'card' | 'finger' | 'lights' | 'terminal';
  readonly title: string;
  /** Whether its sessions can show feedback, so that the configuration can be checked before anything is open. */
  readonly hasLights: boolean;
  readonly link: SerialLink | HidLink;
  /** What discovery goes by; absent where no USB number says anything about the family. */
  readonly usb?: readonly UsbHint[];
  /** True where bytes on the wire can be biometric or a PIN: then only what the session hands to `capture` is kept. */
  readonly capturesItself?: true;
  /** Milliseconds of silence after which a device that should send heartbeats counts as degraded. */
  readonly silenceLimitMs?: number;
  /** True where templates, passwords or names travel on the wire: then no capture is taken of it. */
  readonly isPrivateWire?: true;
  /** The form of `port` that it needs, where any other is a mistake: `called` is `tcp://` and `udp://`. */
  readonly ports?: 'http' | 'called';
  /** What to tell a technician where nobody is at this port, and why, if this family has more to say than its port has. */
  readonly adviceWhereAbsent?: (port: string, cause: unknown) => string | undefined;
  /** Per-device options, named as in the configuration file; defaults included. */
  readonly options: z.ZodType<Options>;
  /** The speed where it is an option of the device; otherwise `link.baud` holds. */
  baudFrom?(options: Options): number;
  /** Several of its devices can be on one port, each with an address of its own: a bus. */
  readonly sharesPort?: true;
  /** On a shared port. */
  addressOf?(options: Options): number;
  open(context: DriverContext<Options>): DriverSession;
}

/** Keeps the option type of a definition while the registry forgets it. */
export function defineDriver<Options>(definition: DriverDefinition<Options>): DriverDefinition<Options> {
  return definition;
}
