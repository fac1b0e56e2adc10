import { createHmac } from 'node:crypto';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { ACCESS_TOKEN_SECONDS, createTokens } from './tokens.js';

const KEYS = [
  { id: 'new', bytes: Buffer.alloc(32, 1) },
  { id: 'old', bytes: Buffer.alloc(32, 2) },
] as const;
const CLAIMS = { accountId: 'a', loginSessionId: 's', generation: 3 };
const NOW_MS = Date.parse('2026-07-07T10:00:00Z');

const setUp = () => {
  const clock = new ManualClock(NOW_MS);
  return { clock, tokens: createTokens(KEYS, clock) };
};
const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const signed = (header: object, claims: object, key: Uint8Array = KEYS[0].bytes): string => {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
};
const fourParts = (header: object, claims: object): string => {
  const text = `${encoded(header)}.${encoded(claims)}.${encoded(claims)}`;
  return `${text}.${createHmac('sha256', KEYS[0].bytes).update(text).digest('base64url')}`;
};
const HEADER = { alg: 'HS256', typ: 'JWT', kid: 'new' };
const BODY = {
  sub: 'a',
  sid: 's',
  gen: 3,
  iss: 'rollcall-central',
  aud: 'rollcall',
  exp: NOW_MS / 1_000 + 60,
};

describe('an access token', () => {
  it('says who it is until its time is over', async () => {
    const { clock, tokens } = setUp();
    const { token } = await tokens.issue(CLAIMS);
    const fresh = createTokens(KEYS, clock);
    expect(await fresh.verify(token)).toMatchObject(CLAIMS);
    clock.stepWall(ACCESS_TOKEN_SECONDS * 1_000 - 1);
    expect(await createTokens(KEYS, clock).verify(token)).toMatchObject(CLAIMS);
    clock.stepWall(1);
    for (const one of [fresh, createTokens(KEYS, clock)]) {
      await expect(one.verify(token)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
    }
  });

  it('is what any library for JWT takes for good, and so is one that another made with the key', async () => {
    const { tokens } = setUp();
    const { token } = await tokens.issue(CLAIMS);
    const options = { audience: 'rollcall', issuer: 'rollcall-central', currentDate: new Date(NOW_MS) };
    expect((await jwtVerify(token, KEYS[0].bytes, options)).payload.sub).toBe('a');
    expect(await tokens.verify(signed(HEADER, BODY))).toMatchObject(CLAIMS);
    expect(await tokens.verify(signed({ ...HEADER, kid: 'old' }, BODY, KEYS[1].bytes))).toMatchObject(CLAIMS);
    const otherwise = { kid: 'new', alg: 'HS256', typ: 'JWT' };
    expect(await tokens.verify(signed(otherwise, BODY))).toMatchObject(CLAIMS);
  });

  const good = signed(HEADER, BODY);
  const signature = good.slice(good.lastIndexOf('.') + 1);
  it.each([
    ['no algorithm', signed({ ...HEADER, alg: 'none' }, BODY)],
    ['another algorithm', signed({ ...HEADER, alg: 'HS512' }, BODY)],
    ['no key named', signed({ alg: 'HS256', typ: 'JWT' }, BODY)],
    ['an unknown key', signed({ ...HEADER, kid: '__proto__' }, BODY)],
    ['the other key', signed({ ...HEADER, kid: 'old' }, BODY)],
    ['an extension that has to be understood', signed({ ...HEADER, crit: ['exp'] }, BODY)],
    ['another issuer', signed(HEADER, { ...BODY, iss: 'else' })],
    ['another audience', signed(HEADER, { ...BODY, aud: 'else' })],
    ['no end', signed(HEADER, { ...BODY, exp: undefined })],
    ['an end in words', signed(HEADER, { ...BODY, exp: 'never' })],
    ['no generation', signed(HEADER, { ...BODY, gen: '3' })],
    ['claims that are none', signed(HEADER, [])],
    ['a signature cut short', good.slice(0, -1)],
    ['a signature in another spelling', `${good}=`],
    ['no signature', good.slice(0, good.lastIndexOf('.') + 1)],
    ['four parts', `${good}.${signature}`],
    ['four parts, all of them signed', fourParts(HEADER, BODY)],
    ['a header of ours before an extension', signed({ ...HEADER, b64: false, crit: ['b64'] }, BODY)],
    ['claims that are nothing', signed(HEADER, null as never)],
    ['no dot', 'token'],
    ['nothing', ''],
  ])('with %s is none', async (_what, token) => {
    await expect(setUp().tokens.verify(token)).rejects.toMatchObject({ code: 'TOKEN_INVALID' });
  });
});
