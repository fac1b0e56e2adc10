import type { UsbHint } from './driver.js';

/** The chips of cheap USB-serial adapters (CH340, CP210x, FTDI, PL2303): by them every family on a UART is as likely. */
export const USB_BRIDGES: readonly UsbHint[] = [0x1a86, 0x10c4, 0x0403, 0x067b].map((vid) => ({
  vid,
  score: 20,
}));

/** An adapter that calls itself one for RS-485: no module with RX and TX hangs on it. */
export const RS485_BRIDGES: readonly UsbHint[] = USB_BRIDGES.flatMap(({ vid }) =>
  ['rs485', 'rs-485', 'rs422'].map((name) => ({ vid, name, score: 45 })),
);
