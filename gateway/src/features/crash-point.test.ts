import { describe, expect, it } from 'vitest';
import { arm, crashPoint, isArmed } from './crash-point.js';

describe('crash points', () => {
  it('are inert unless asked for', () => {
    expect(arm(undefined)).toBeUndefined();
    expect(isArmed('before-commit')).toBe(false);
    expect(() => crashPoint('before-commit')).not.toThrow();
  });

  it('are armed by name, for the first or the n-th passing', () => {
    expect(arm('after-puback')).toEqual({ name: 'after-puback', passesLeft: 1 });
    expect(arm('before-commit:12')).toEqual({ name: 'before-commit', passesLeft: 12 });
  });

  it.each([
    'somewhere',
    'before-commit:0',
    'before-commit:x',
    ':3',
  ])('refuse %s with the names there are', (text) => {
    expect(() => arm(text)).toThrow(/before-publish.*CONFIG_INVALID/);
  });
});
