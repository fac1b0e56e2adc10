import { hasCode } from '@rollcall/protocol/errors';
import { findDriver } from '../../drivers/registry.js';
import { parseHidAddress } from '../../transport/hid/hid-port.js';
import { loadNodeHid } from '../../transport/hid/node-hid.js';
import { type Check, fail, ok } from './check.js';

const EVENT_PATH = /^\/dev\/input\//;

/** The native library of USB-HID readers can be loaded; looked at only where such a reader needs it. */
export function hidLibrary(load: () => Promise<unknown> = loadNodeHid): Check {
  return {
    id: 'hid-library',
    async run({ devices }) {
      const needing = devices.filter(
        ({ driver, port }) =>
          findDriver(driver)?.link.kind === 'hid' &&
          parseHidAddress(port)?.type !== 'socket' &&
          !EVENT_PATH.test(port),
      );
      if (needing.length === 0) return [];
      try {
        await load();
        return [ok('the library of USB-HID readers can be loaded')];
      } catch (error) {
        if (!hasCode(error, 'HID_UNAVAILABLE')) throw error;
        const [, remedy = error.message] = /cannot be used: (.*)$/.exec(error.message) ?? [];
        return [
          fail(`the library of USB-HID readers cannot be loaded (needed by ${needing[0]?.id})`, remedy),
        ];
      }
    },
  };
}
