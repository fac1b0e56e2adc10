import { RollcallError } from '@rollcall/protocol/errors';
import { chafon } from './chafon.js';
import type { DeviceModel } from './device.js';
import { ef01 } from './ef01.js';
import { gt521f } from './gt521f.js';
import { hidKeyboard } from './hid-keyboard.js';
import { hidPos } from './hid-pos.js';
import { line } from './line.js';
import { osdp } from './osdp.js';
import { pcprox } from './pcprox.js';
import { pn532 } from './pn532.js';
import { rdm6300 } from './rdm6300.js';
import { twn4 } from './twn4.js';
import { wiegand } from './wiegand.js';
import { zk4370 } from './zk-4370.js';
import { zkPush } from './zk-push.js';

export const DEVICE_MODELS: readonly DeviceModel[] = [
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

export function deviceModel(id: string): DeviceModel {
  const model = DEVICE_MODELS.find((candidate) => candidate.id === id);
  if (model !== undefined) return model;
  const known = DEVICE_MODELS.map((candidate) => candidate.id).join(', ');
  throw new RollcallError(
    'DRIVER_UNKNOWN',
    `No simulated device for the driver "${id}". There are: ${known}.`,
  );
}
