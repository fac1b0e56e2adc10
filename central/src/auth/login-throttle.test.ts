import { RollcallError } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { createLoginThrottle } from './login-throttle.js';

const isRight = () => Promise.resolve('signed in');
const isWrong = () => Promise.reject(new RollcallError('LOGIN_REFUSED', 'wrong'));
const codeOf = (guarded: Promise<unknown>): Promise<unknown> =>
  guarded.then(
    () => 'none',
    (error: RollcallError) => error.code,
  );
const ADDRESS = '203.0.113.7';

describe('the throttle of sign-ins', () => {
  it('case 108: five thousand students sign in behind one address', async () => {
    const throttle = createLoginThrottle();
    for (let student = 0; student < 5_000; student += 1) {
      await throttle.guard(`s-${student}`, ADDRESS, isRight);
    }
    await expect(throttle.guard('one more', ADDRESS, isRight)).resolves.toBe('signed in');
  });

  it('stops an address that tries one password on many logins, and no other address', async () => {
    const throttle = createLoginThrottle();
    const codes = [];
    for (let index = 0; index < 125; index += 1) {
      codes.push(await codeOf(throttle.guard(`s-${index}`, ADDRESS, isWrong)));
    }
    expect(codes.indexOf('LOGIN_THROTTLED')).toBe(121);
    await expect(throttle.guard('s-1', '203.0.113.8', isRight)).resolves.toBe('signed in');
  });

  it('stops a list of passwords for one login, however many addresses try it', async () => {
    const throttle = createLoginThrottle();
    const codes = [];
    for (let index = 0; index < 25; index += 1) {
      codes.push(
        await codeOf(throttle.guard(index % 2 === 0 ? 'dean' : 'DEAN', `203.0.113.${index}`, isWrong)),
      );
    }
    expect(codes.indexOf('LOGIN_THROTTLED')).toBe(21);
  });

  it('counts wrong passwords only, not what fails for other reasons', async () => {
    const throttle = createLoginThrottle();
    for (let index = 0; index < 200; index += 1) {
      const weak = () => Promise.reject(new RollcallError('PASSWORD_WEAK', 'too short'));
      expect(await codeOf(throttle.guard(`s-${index}`, ADDRESS, weak))).toBe('PASSWORD_WEAK');
    }
  });
});
