import { describe, expect, it } from 'vitest';
import { createNetworks, isNetwork, LOOPBACK } from './networks.js';

describe('networks', () => {
  it.each(['10.0.0.0/8', '192.168.7.20', 'fd00::/8', '::1', '0.0.0.0/0'])('takes %s', (text) => {
    expect(isNetwork(text)).toBe(true);
  });

  it.each([
    '',
    'proxy',
    '10.0.0.0/33',
    '::1/129',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '1.2.3.4/-1',
    '1.2.3.4/',
  ])('refuses %j', (text) => expect(isNetwork(text)).toBe(false));

  it('knows an address inside and outside, and IPv4 that came over IPv6', () => {
    const isInside = createNetworks([...LOOPBACK, '10.20.0.0/16', 'fd00::/8']);
    for (const address of [
      '127.0.0.1',
      '::1',
      '::ffff:127.0.0.1',
      '10.20.1.2',
      '::ffff:10.20.1.2',
      'fd00::5',
    ])
      expect([address, isInside(address)]).toEqual([address, true]);
    for (const address of ['10.21.0.1', '8.8.8.8', 'fe80::1', '', 'x', '::ffff:8.8.8.8'])
      expect([address, isInside(address)]).toEqual([address, false]);
  });
});
