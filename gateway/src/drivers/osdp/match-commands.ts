import { matchFinger } from './biometrics.js';
import type { Command } from './commands.js';
import { PART_HEAD_BYTES, splitMessage } from './parts.js';
import type { Capabilities } from './replies.js';

/** What stands around the sealed data of a command: head, security block, code, MAC and CRC. */
const SEALED_FRAME_BYTES = 14;
const BLOCK_BYTES = 16;

/** A comparison as one command, or in parts where the reader takes such; undefined where it is too large for it. */
export function matchCommands(
  message: Uint8Array,
  { packetBytesMax = 0, messageBytesMax = 0 }: Partial<Capabilities>,
): Command[] | undefined {
  // One byte of the last block is padding at least.
  const sealed = packetBytesMax - SEALED_FRAME_BYTES;
  const dataBytesMax = sealed - (sealed % BLOCK_BYTES) - 1;
  if (message.length <= dataBytesMax) return [matchFinger(message)];
  if (message.length > messageBytesMax) return undefined;
  return splitMessage(message, dataBytesMax - PART_HEAD_BYTES).map(matchFinger);
}
