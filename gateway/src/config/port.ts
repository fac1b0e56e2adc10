import * as z from 'zod';
import { parseTcpAddress } from '../transport/tcp-address.js';

/** Names that the kernel hands out in the order of plugging: the wrong reader after the next power cut. */
const UNSTABLE_NAME = /^\/dev\/tty(?:USB|ACM)\d+$/;

export function isUnstablePort(port: string): boolean {
  return UNSTABLE_NAME.test(port);
}

export const portSchema = z
  .string('must be a path or an address')
  .refine((port) => /^\/[^\0]+$/.test(port) || parseTcpAddress(port) !== undefined, {
    message: 'must be an absolute path, best one under /dev/serial/by-id/, or tcp://host:port',
  });
