import { describe, expect, it } from 'vitest';
import {
  bootIdSchema,
  deviceIdSchema,
  gatewayIdSchema,
  instantSchema,
  seqSchema,
  storeIdSchema,
} from './ids.js';

describe('ids', () => {
  it.each(['a', '0', 'gw-block-a', 'a'.repeat(31), 'a--'])('accept the name %j', (name) => {
    expect(gatewayIdSchema.safeParse(name).success).toBe(true);
    expect(deviceIdSchema.safeParse(name).success).toBe(true);
  });

  it.each([
    '',
    '-a',
    'A',
    'a_b',
    'a.b',
    'a/b',
    '+',
    '#',
    'a'.repeat(32),
    'a\n',
    'é',
  ])('refuse the name %j and say why', (name) => {
    for (const schema of [gatewayIdSchema, deviceIdSchema]) {
      expect(schema.safeParse(name).error?.issues[0]?.message).toContain('1 to 31 of a-z');
    }
  });

  it('accept the UUIDs that Linux and random sources make', () => {
    for (const schema of [storeIdSchema, bootIdSchema]) {
      expect(schema.safeParse('3b241101-e2bb-4255-8caf-4136c566a962').success).toBe(true);
      expect(schema.safeParse('3b241101e2bb42558caf4136c566a962').success).toBe(false);
    }
  });

  it('count from 1 to the largest exact integer', () => {
    for (const seq of [1, Number.MAX_SAFE_INTEGER]) expect(seqSchema.safeParse(seq).success).toBe(true);
    for (const seq of [0, -1, 1.5, Number.MAX_SAFE_INTEGER + 1, '1'])
      expect(seqSchema.safeParse(seq).success).toBe(false);
  });
});

describe('instants', () => {
  it('are what toISOString writes', () => {
    for (const at of [0, 1_783_398_972_345, Date.UTC(2028, 1, 29)]) {
      expect(instantSchema.safeParse(new Date(at).toISOString()).success).toBe(true);
    }
  });

  it.each([
    '2026-07-07T04:36:12Z',
    '2026-07-07T04:36:12.3456Z',
    '2026-07-07T04:36:12.345+05:30',
    '2026-07-07T04:36:12.345',
    '2027-02-29T00:00:00.000Z',
    '2026-07-07T24:00:00.000Z',
    '2026-07-07 04:36:12.345Z',
  ])('are not %j', (text) => {
    expect(instantSchema.safeParse(text).success).toBe(false);
  });
});
