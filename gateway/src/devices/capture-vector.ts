import type { VectorFile } from '@rollcall/protocol/vectors';
import { findDriver } from '../drivers/registry.js';
import type { CaptureRing } from './capture-ring.js';

/** Bytes that follow each other faster than this were one message of the device. */
const SAME_MESSAGE_MS = 50;
/** Most reads of one vector, by its contract. */
const CHUNKS_MAX = 64;

/**
 * What the device sent lately, as a vector file that tests can replay. What should have been understood is for
 * the person who adds it to the vectors: `expect` stays empty.
 */
export function captureAsVectors(driverId: string, capture: CaptureRing): VectorFile {
  // A report is a message of its own, however soon the next one follows.
  const takesReports = findDriver(driverId)?.link.kind === 'hid';
  const messages = incomingMessages(capture, takesReports ? 0 : SAME_MESSAGE_MS);
  const vectors: VectorFile['vectors'] = [];
  for (let from = 0; from < messages.length; from += CHUNKS_MAX) {
    const part = messages.slice(from, from + CHUNKS_MAX);
    vectors.push({
      name: `capture, message ${from + 1} to ${from + part.length}`,
      provenance: 'captured by rollcall-gateway',
      chunks_hex: part.map(({ bytes }) => spacedHex(bytes)),
      gap_ms: smallestGapMs(part),
      expect: [],
    });
  }
  return { driver: driverId, source: 'capture of a device; holds card numbers', vectors };
}

interface Message {
  startMs: number;
  endMs: number;
  bytes: number[];
}

function incomingMessages(capture: CaptureRing, sameMessageMs: number): Message[] {
  const messages: Message[] = [];
  for (const { direction, monoMs, bytes } of capture.pieces()) {
    if (direction === 'out') continue;
    const last = messages.at(-1);
    if (last !== undefined && monoMs - last.endMs < sameMessageMs) {
      last.bytes.push(...bytes);
      last.endMs = monoMs;
    } else {
      messages.push({ startMs: monoMs, endMs: monoMs, bytes: [...bytes] });
    }
  }
  return messages;
}

function smallestGapMs(messages: readonly Message[]): number {
  const gaps = messages.slice(1).map((message, index) => message.startMs - (messages[index]?.endMs ?? 0));
  return Math.min(60_000, Math.max(1, ...(gaps.length === 0 ? [] : [Math.min(...gaps)])));
}

function spacedHex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
}
