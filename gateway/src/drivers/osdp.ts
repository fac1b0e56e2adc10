import { defineDriver } from './driver.js';
import { OFFLINE_MS } from './osdp/link.js';
import { osdpOptions } from './osdp/options.js';
import { OsdpSession } from './osdp/panel.js';
import { RS485_BRIDGES, USB_BRIDGES } from './usb-bridges.js';

/**
 * OSDP v2.2 (SIA; IEC 60839-11-5) as the control panel. Besides the OSDP note: goToMain/libosdp `src/osdp_cp.c`,
 * `src/osdp_sc.c` and its SIA Annex E vectors, and the packets of Z-bit-Systems/OSDP.Net's unit tests.
 */
export const driver = defineDriver({
  id: 'osdp',
  kind: 'card',
  title: 'OSDP readers and keypads (RS-485 bus)',
  hasLights: true,
  link: { baud: 9600, dtr: true, rts: true, readyWithinMs: 0 },
  usb: [...RS485_BRIDGES, ...USB_BRIDGES],
  silenceLimitMs: OFFLINE_MS,
  options: osdpOptions,
  sharesPort: true,
  // Whatever fails its check may be a key that somebody pressed.
  capturesItself: true,
  baudFrom: ({ baud }) => baud,
  addressOf: ({ address }) => address,
  open: (context) => new OsdpSession(context),
});
