import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod';
import type { TerminalMemory } from '../devices/terminal/terminal-memory.js';

/** The newest ones; a terminal of the demo logs a few thousand a day. */
const ENTRIES_MAX = 50_000;

const flashSchema = z.array(
  z.strictObject({ user: z.string(), localMs: z.number(), verify: z.number(), status: z.number() }),
);

/** A terminal keeps its log while it has no power: one that came back empty would look like one that was cleared. */
export function restoreFlash(memory: TerminalMemory, path: string): void {
  let entries: z.infer<typeof flashSchema>;
  try {
    entries = flashSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // The first start, or a demo that was killed while it wrote.
    return;
  }
  memory.entries.push(...entries);
}

export function saveFlash(memory: TerminalMemory, path: string): void {
  const entries = memory.entries
    .slice(-ENTRIES_MAX)
    .map(({ user, localMs, verify, status }) => ({ user, localMs, verify, status }));
  writeFileSync(path, JSON.stringify(entries), { mode: 0o600 });
}
