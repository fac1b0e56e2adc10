import { describe, expect, it } from 'vitest';
import { makePolicy, policySchema } from './policy.js';

describe('policy', () => {
  it('has the defaults of D0', () => {
    expect(makePolicy()).toMatchObject({
      early_open_minutes: 10,
      grace_period_minutes: 5,
      late_cutoff_minutes: 20,
      close_grace_minutes: 5,
      debounce_seconds: 60,
      watermark_max_wait_hours: 48,
      rules_version: 1,
    });
  });

  it('names equal limits equally and different limits differently', () => {
    expect(makePolicy().id).toBe(makePolicy({ grace_period_minutes: 5 }).id);
    expect(makePolicy().id).not.toBe(makePolicy({ grace_period_minutes: 6 }).id);
  });

  it('refuses values out of bounds, unknown keys and a cut-off before the grace', () => {
    expect(() => makePolicy({ grace_period_minutes: -1 })).toThrow(/grace_period_minutes/);
    expect(() => makePolicy({ grace_period: 5 } as never)).toThrow(/grace_period/);
    expect(() => makePolicy({ grace_period_minutes: 30 })).toThrow(/late_cutoff_minutes/);
  });

  it('reads back what was stamped on a session', () => {
    expect(policySchema.parse(JSON.parse(JSON.stringify(makePolicy())))).toEqual(makePolicy());
  });
});
