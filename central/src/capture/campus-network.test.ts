import { describe, expect, it } from 'vitest';
import { isCampusAddress } from './campus-network.js';

describe('isCampusAddress', () => {
  it.each([
    ['10.20.255.1', '10.20.0.0/16', true],
    ['10.21.0.1', '10.20.0.0/16', false],
    ['10.21.0.1', '10.20.0.0/16,10.21.0.0/24', true],
    ['::ffff:10.20.0.9', '10.20.0.0/16', true],
    ['2001:db8::5', '2001:db8::/32', true],
    ['2001:db9::5', '2001:db8::/32', false],
    ['10.20.0.1', 'none', false],
    ['', '10.20.0.0/16', false],
    ['not an address', '10.20.0.0/16', false],
    ['10.20.0.1', '10.20.0.0/99', false],
    ['10.20.0.1', '999.1.1.1/8', false],
  ])('case 108: %s is in %s: %s', (ip, networks, isIn) => {
    expect(isCampusAddress(ip, networks)).toBe(isIn);
  });
});
