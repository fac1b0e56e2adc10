import { driver as chafon } from './chafon.js';
import type { DriverDefinition } from './driver.js';
import { driver as ef01 } from './ef01.js';
import { driver as gt521f } from './gt521f.js';
import { driver as hidKeyboard } from './hid-keyboard.js';
import { driver as hidPos } from './hid-pos.js';
import { driver as line } from './line.js';
import { driver as osdp } from './osdp.js';
import { driver as pcprox } from './pcprox.js';
import { driver as pn532 } from './pn532.js';
import { driver as rdm6300 } from './rdm6300.js';
import { driver as twn4 } from './twn4.js';
import { driver as wiegand } from './wiegand.js';
import { driver as zk4370 } from './zk-4370.js';
import { driver as zkPush } from './zk-push.js';

/** Every driver of the gateway; a new one is one more line here. */
export const drivers: readonly DriverDefinition<unknown>[] = [
  chafon,
  ef01,
  gt521f,
  hidKeyboard,
  hidPos,
  line,
  osdp,
  pcprox,
  pn532,
  rdm6300,
  twn4,
  wiegand,
  zk4370,
  zkPush,
];

export const driverIds: readonly string[] = drivers.map(({ id }) => id);

export function findDriver(id: string): DriverDefinition<unknown> | undefined {
  return drivers.find((driver) => driver.id === id);
}
