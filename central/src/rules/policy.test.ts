import { describe, expect, it } from 'vitest';
import { makePolicy, RULES_VERSION, readPolicy } from './policy.js';

/** As the first release stamped it. */
const VERSION_1 = {
  id: 'a1b2c3d4e5f6',
  rules_version: 1,
  early_open_minutes: 10,
  grace_period_minutes: 6,
  late_cutoff_minutes: 20,
  close_grace_minutes: 5,
  debounce_seconds: 60,
  watermark_max_wait_hours: 48,
};

describe('policy', () => {
  it('has the defaults of D0', () => {
    expect(makePolicy()).toMatchObject({
      early_open_minutes: 10,
      grace_period_minutes: 5,
      late_cutoff_minutes: 20,
      close_grace_minutes: 5,
      debounce_seconds: 60,
      watermark_max_wait_hours: 48,
      min_duration_for_present_minutes: 10,
      carry_early: true,
      contiguous_carry: true,
      rules_version: RULES_VERSION,
    });
  });

  it('names equal limits equally and different limits differently', () => {
    expect(makePolicy().id).toBe(makePolicy({ grace_period_minutes: 5 }).id);
    expect(makePolicy().id).not.toBe(makePolicy({ grace_period_minutes: 6 }).id);
    expect(makePolicy().id).not.toBe(makePolicy({ carry_early: false }).id);
  });

  it('refuses values out of bounds, unknown keys and a cut-off before the grace', () => {
    expect(() => makePolicy({ grace_period_minutes: -1 })).toThrow(/grace_period_minutes/);
    expect(() => makePolicy({ grace_period: 5 } as never)).toThrow(/grace_period/);
    expect(() => makePolicy({ grace_period_minutes: 30 })).toThrow(/late_cutoff_minutes/);
    expect(() => makePolicy({ suspended_mark: 'late' })).toThrow(/suspended_mark/);
  });

  it('reads back what was stamped on a session', () => {
    expect(readPolicy(JSON.parse(JSON.stringify(makePolicy())))).toEqual(makePolicy());
  });

  it('reads what the first release stamped, with what it did and not with what is done now', () => {
    expect(readPolicy(VERSION_1)).toMatchObject({
      ...VERSION_1,
      carry_early: false,
      contiguous_carry: false,
    });
    expect(() => readPolicy({ ...VERSION_1, rules_version: RULES_VERSION + 1 })).toThrow(/rules_version/);
  });
});
