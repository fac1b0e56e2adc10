import { BATCH_ROWS_MAX } from '@rollcall/protocol/batch';
import { deviceIdSchema, gatewayIdSchema } from '@rollcall/protocol/ids';
import * as z from 'zod';
import { THREADS_MAX } from '../biometrics/node/threaded-gallery.js';
import { choice, file, integer, type Key, optional, text, url } from './key.js';
import { portSchema } from './port.js';

const MIB = 1024 * 1024;

/** Every key of the gateway, declared once (edge §6.5): parser, documentation and origins come from here. */
export const SECTIONS = {
  gateway: {
    id: text({
      value: gatewayIdSchema,
      description: 'Name of this gateway, as registered in central. Also its MQTT login.',
      example: 'gw-block-a',
    }),
    data_dir: file({
      default: '/var/lib/rollcall-gateway',
      description: 'Folder of the store, the signing key and the roster cache.',
    }),
  },
  uplink: {
    mqtt_url: url({
      schemes: ['mqtt', 'mqtts'],
      description: 'The broker.',
      example: 'mqtt://127.0.0.1:1883',
    }),
    password_file: file({
      secret: true,
      description: 'File with the MQTT password, which is also the one for fetching the roster.',
      example: '/etc/rollcall/mqtt-password',
    }),
    central_url: url({
      schemes: ['http', 'https'],
      description: 'Central, for fetching the roster.',
      example: 'http://127.0.0.1:8000',
    }),
    ca_file: optional(
      file({
        description: 'Certificate of a private authority that signed the broker and central (PEM).',
        example: '/etc/rollcall/ca.pem',
      }),
    ),
    window_batches: integer({
      default: 8,
      min: 1,
      max: 64,
      unit: 'batches',
      description: 'Batches that may wait for a commit ack at the same time.',
    }),
    batch_rows: integer({
      default: 50,
      min: 1,
      max: BATCH_ROWS_MAX,
      unit: 'rows',
      description: 'Largest batch of the outbox.',
    }),
    resend_seconds: integer({
      default: 30,
      min: 1,
      max: 3600,
      unit: 'seconds',
      description: 'A batch without a commit ack is sent again after this long, with jitter.',
    }),
  },
  identify: {
    card_hash_key_file: file({
      secret: true,
      description: 'File with the campus card key (64 hex digits), the same on every gateway.',
      example: '/etc/rollcall/card-hash-key',
    }),
  },
  fingers: {
    template_key_file: optional(
      file({
        secret: true,
        description:
          'File with the campus template key (64 hex digits), the same on every gateway. Without it this gateway keeps no fingerprints.',
        example: '/etc/rollcall/template-key',
      }),
    ),
    match_threads: optional(
      integer({
        min: 1,
        max: THREADS_MAX,
        unit: 'threads',
        description:
          'Threads that compare fingers where a scanner has `match: gateway`, each with a part of them. Unless written: one less than the machine has processors, 1 to 4.',
      }),
    ),
  },
  clock: {
    trust: choice({
      values: ['ntp', 'system'],
      default: 'ntp',
      description:
        '`ntp`: the clock is believed when the system says that it is synchronized. `system`: something else keeps it right.',
    }),
  },
  store: {
    retention_days: integer({
      default: 30,
      min: 1,
      max: 365,
      unit: 'days',
      description: 'How long rows stay after central committed them, for replay.',
    }),
    ballast_bytes: integer({
      default: 32 * MIB,
      min: MIB,
      max: 1024 * MIB,
      unit: 'bytes',
      description: 'Size of the file that is given up when the disk is full.',
    }),
  },
  health: {
    interval_seconds: integer({
      default: 60,
      min: 5,
      max: 600,
      unit: 'seconds',
      description: 'Longest time between two health messages.',
    }),
  },
  log: {
    level: choice({
      values: ['trace', 'debug', 'info', 'warn', 'error'],
      default: 'info',
      description:
        'Least important log lines that are written; the command `log_level` changes it for a while.',
    }),
  },
} as const satisfies Record<string, Record<string, Key>>;

/** The keys of one entry of `devices`; `options` is declared by its driver. */
export const DEVICE_KEYS = {
  id: text({
    value: deviceIdSchema,
    description: 'Name of the device, as registered in central.',
    example: 'rdm-r101',
  }),
  driver: text({
    value: z.string('must be the name of a driver'),
    description: 'Which family of readers it is.',
    example: 'rdm6300',
  }),
  port: text({
    value: portSchema,
    description:
      'Where it is attached: a path that stays the same after a replug, `tcp://host:port`, `udp://host:port` for an old terminal that is asked, `hid:VID:PID[:serial]` for a USB-HID device, or for a terminal that calls `http://address:port/SERIAL`, the address being one of this machine; with `?from=10.0.5.20` it may call only from there.',
    example: '/dev/serial/by-id/…',
  }),
  direction: optional(
    choice({
      values: ['in', 'out', 'both'],
      description: 'Whether people pass it going in, going out, or either way.',
    }),
  ),
  feedback: optional(
    text({
      value: deviceIdSchema,
      description: 'Device whose lights answer for this one, which has none of its own.',
      example: 'lights-r101',
    }),
  ),
  with_card: optional(
    text({
      value: deviceIdSchema,
      description:
        'Of a scanner: card reader whose card has to come before the finger, which is compared with it.',
      example: 'card-r101',
    }),
  ),
  with_card_seconds: optional(
    integer({
      min: 2,
      max: 60,
      unit: 'seconds',
      description:
        'How long the finger may come after the card; unless written 10, or 20 where the gateway compares, which needs the picture of it first.',
    }),
  ),
} as const satisfies Record<string, Key>;

export type SectionName = keyof typeof SECTIONS;

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;
type ValueOf<K> = K extends Key<infer T> ? T : never;
type Parsed<Keys> = {
  [Name in keyof Keys as Keys[Name] extends Key<unknown, 'optional'>
    ? never
    : CamelCase<Name & string>]: ValueOf<Keys[Name]>;
} & {
  [Name in keyof Keys as Keys[Name] extends Key<unknown, 'optional'>
    ? CamelCase<Name & string>
    : never]?: ValueOf<Keys[Name]>;
};

export type DeviceConfig = Parsed<typeof DEVICE_KEYS> & {
  /** What the driver's own schema made of it, defaults included; key names as in the file. */
  options: unknown;
};

export type GatewayConfig = { [Name in SectionName]: Parsed<(typeof SECTIONS)[Name]> } & {
  devices: DeviceConfig[];
};

/** Readers of one building; more is a mistake in the file, not a building. */
export const DEVICES_MAX = 256;
