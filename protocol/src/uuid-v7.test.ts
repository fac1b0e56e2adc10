import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createUuidV7Generator, uuidV7Schema } from './uuid-v7.js';

const randomUuid = (): string => crypto.randomUUID();

describe('monotonic UUIDv7', () => {
  it('always grows, whatever the wall clock does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 2 ** 44 }), { minLength: 2, maxLength: 200 }),
        (times) => {
          let index = 0;
          const next = createUuidV7Generator({ wallMs: () => times[index++] ?? 0, randomUuid });
          const ids = times.map(() => next());
          expect([...ids].sort()).toEqual(ids);
          expect(new Set(ids).size).toBe(ids.length);
          for (const id of ids) expect(uuidV7Schema.safeParse(id).success).toBe(true);
        },
      ),
    );
  });

  it('carries the counter into the time stamp when more than 4096 ids fall into one millisecond', () => {
    const next = createUuidV7Generator({ wallMs: () => 1_000, randomUuid });
    const ids = Array.from({ length: 10_000 }, next);
    expect([...ids].sort()).toEqual(ids);
  });

  it('continues after the last id of an earlier process although the clock was reset to 1970', () => {
    const before = createUuidV7Generator({ wallMs: () => 1_780_000_000_000, randomUuid })();
    const after = createUuidV7Generator({ wallMs: () => 0, randomUuid, after: before })();
    expect(after > before).toBe(true);
  });

  it('holds the wall clock in its first 48 bits', () => {
    const id = createUuidV7Generator({ wallMs: () => 0x0123_4567_89ab, randomUuid })();
    expect(id.startsWith('01234567-89ab-7000-')).toBe(true);
  });
});
