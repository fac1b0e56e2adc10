import { expect, it } from 'vitest';
import { networkOf } from './network-of.js';

it.each([
  ['10.0.0.7', '10.0.0.7'],
  ['::ffff:10.0.0.7', '10.0.0.7'],
  ['::ffff:0a00:0007', '10.0.0.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
  ['2001:db8::5:6', '2001:db8:0:0::/64'],
  ['fe80::1:2%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::10.0.0.7', '64:ff9b:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s is in %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

it('is one for all addresses of a /64, however many of them end in zeros, and another for its neighbor', () => {
  const one = Array.from({ length: 200 }, (_, index) => networkOf(`fd00::${index.toString(16)}`));
  expect(new Set(one)).toEqual(new Set(['fd00:0:0:0::/64']));
  expect(networkOf('fd00:0:0:1::1')).not.toBe(one[0]);
});
