import * as z from 'zod';
import type { DriverDefinition } from '../drivers/driver.js';
import { parseHidAddress } from '../transport/hid/hid-port.js';
import { parseHttpAddress } from '../transport/http-address.js';
import { parseTcpAddress } from '../transport/tcp-address.js';
import { parseUdpAddress } from '../transport/udp-address.js';

/** Names that the kernel hands out in the order of plugging: the wrong reader after the next power cut. */
const UNSTABLE_NAME = /^\/dev\/(?:tty(?:USB|ACM)|hidraw|input\/event)\d+$/;
const SERIAL_NAME = /^\/dev\/(?:tty|serial)/;
const HID_NAME = /^\/dev\/(?:hidraw|input\/)/;

export function isUnstablePort(port: string): boolean {
  return UNSTABLE_NAME.test(port);
}

/** Where the lasting name of such a port is found. */
export function lastingNameOf(port: string): string {
  if (port.startsWith('/dev/tty')) return '"ls -l /dev/serial/by-id/"';
  return port.startsWith('/dev/input') ? '"ls -l /dev/input/by-id/"' : '"rollcall-gateway discover"';
}

export const portSchema = z
  .string('must be a path or an address')
  .refine((port) => /^\/[^\0]+$/.test(port) || isAddress(port), {
    message:
      'must be an absolute path, best one under /dev/serial/by-id/ or /dev/input/by-id/, or tcp://host:port, or hid:VID:PID for a USB-HID device, or http://address:port/SERIAL for a terminal that calls, or udp://host:port for an old one that is asked',
  });

function isAddress(port: string): boolean {
  return [parseTcpAddress, parseUdpAddress, parseHttpAddress, parseHidAddress].some(
    (parse) => parse(port) !== undefined,
  );
}

/** Why this driver cannot read this port; undefined when it can. */
export function misfit({ id, link }: DriverDefinition<unknown>, port: string): string | undefined {
  const isHidPort = parseHidAddress(port) !== undefined || HID_NAME.test(port);
  if (link.kind !== 'hid') {
    return isHidPort
      ? `is a HID device, and driver ${id} reads a stream of bytes; write a path under /dev/serial/by-id/, or another driver`
      : undefined;
  }
  return /^(?:tcp|udp):/.test(port) || SERIAL_NAME.test(port)
    ? `is a stream of bytes, and driver ${id} reads a USB-HID device; write hid:VID:PID ("rollcall-gateway discover" prints it)`
    : undefined;
}
