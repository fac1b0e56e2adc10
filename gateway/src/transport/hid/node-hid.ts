import { access, constants } from 'node:fs/promises';
import { RollcallError } from '@rollcall/protocol/errors';
import type { HIDAsync } from 'node-hid';
import type { HidDevice, HidEvents } from './hid-device.js';

type NodeHid = typeof import('node-hid');

/**
 * The native library, loaded only when a HID device is configured: it needs libraries of the system that a gateway
 * with serial readers does not have.
 *
 * @throws RollcallError `HID_UNAVAILABLE` with what to install.
 */
export async function loadNodeHid(): Promise<NodeHid> {
  try {
    const module = (await import('node-hid')) as NodeHid & { default?: NodeHid };
    const hid = module.default ?? module;
    hid.setDriverType('hidraw');
    // The binding itself is loaded by the first call that needs it.
    hid.getHidapiVersion();
    return hid;
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** hidraw through hidapi: whole reports, output reports, feature reports. Gives nobody exclusive access. */
export async function openHidraw(path: string, { onReport, onLost }: HidEvents): Promise<HidDevice> {
  const hid = await loadNodeHid();
  await checkAccess(path);
  const device = await hid.HIDAsync.open(path).catch((cause: unknown) => {
    throw new RollcallError('PORT_ABSENT', `${path} cannot be opened; plug the reader in again`, { cause });
  });
  device.on('data', (report: Buffer) => onReport(report));
  device.on('error', (cause: unknown) => onLost(lostError(path, cause)));
  return new NodeHidDevice(device, path);
}

class NodeHidDevice implements HidDevice {
  readonly #device: HIDAsync;
  readonly #path: string;
  readonly features = {
    set: async (report: Uint8Array): Promise<void> => {
      await this.#ask(() => this.#device.sendFeatureReport(Buffer.from(report)));
    },
    get: (reportId: number, bytes: number): Promise<Uint8Array> =>
      this.#ask(() => this.#device.getFeatureReport(reportId, bytes)),
  };

  constructor(device: HIDAsync, path: string) {
    this.#device = device;
    this.#path = path;
  }

  async write(report: Uint8Array): Promise<void> {
    await this.#device.write(Buffer.from(report));
  }

  async close(): Promise<void> {
    this.#device.removeAllListeners();
    // What is thrown away may already be gone.
    await this.#device.close().catch(() => undefined);
  }

  async #ask<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (cause) {
      throw new RollcallError(
        'DEVICE_TIMEOUT',
        `${this.#path} did not take a feature report; check that the driver fits the reader, and plug it in again`,
        { cause },
      );
    }
  }
}

async function checkAccess(path: string): Promise<void> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EACCES') {
      throw new RollcallError('PORT_ABSENT', `There is no reader at ${path}; plug it in`, { cause });
    }
    throw new RollcallError(
      'PORT_DENIED',
      `This user may not open ${path}; install packaging/99-rollcall.rules, add the user of the service to the group plugdev ("sudo usermod -aG plugdev rollcall") and plug the reader in again`,
      { cause },
    );
  }
}

function lostError(path: string, cause: unknown): RollcallError {
  return new RollcallError('PORT_LOST', `${path} went away; check the plug of the reader`, { cause });
}

/** The loader has only texts; they are taken apart here and nowhere else. */
function unavailable(cause: unknown): RollcallError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const library = /(?<name>lib(?:usb-1\.0|udev)\.so\.\d)/.exec(text)?.groups?.['name'];
  const packages: Readonly<Record<string, string>> = {
    'libusb-1.0.so.0': 'libusb-1.0-0',
    'libudev.so.1': 'libudev1',
  };
  const missing = library === undefined ? undefined : packages[library];
  const remedy =
    missing === undefined
      ? 'reinstall the gateway for this machine ("npm ci" on one of the same architecture); node-hid has no build for it'
      : `the system lacks ${library}: sudo apt-get install ${missing}`;
  return new RollcallError('HID_UNAVAILABLE', `USB-HID readers cannot be used: ${remedy}`, { cause });
}
