import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES } from './command.js';
import { buildTopic, downFilter, parseTopic, probeTopic, type Topic, UP_FILTER, upPrefix } from './topics.js';

const gatewayId = 'gw-block-a';

const ALL: readonly [Topic, string][] = [
  [{ kind: 'status', gatewayId }, 'up/status'],
  [{ kind: 'health', gatewayId }, 'up/health'],
  [{ kind: 'live', gatewayId }, 'up/live'],
  [{ kind: 'punch', gatewayId }, 'up/punch'],
  [{ kind: 'anchor', gatewayId }, 'up/anchor'],
  [{ kind: 'event', gatewayId }, 'up/event'],
  [{ kind: 'device-status', gatewayId, deviceId: 'rdm-r101' }, 'up/device/rdm-r101/status'],
  ...COMMAND_NAMES.map((command): [Topic, string] => [
    { kind: 'response', gatewayId, command },
    `up/rsp/${command}`,
  ]),
  [{ kind: 'ack', gatewayId }, 'down/ack'],
  [{ kind: 'roster', gatewayId }, 'down/roster'],
  [{ kind: 'command', gatewayId, command: 'newer_than_this' }, 'down/cmd/newer_than_this'],
];

describe('topics', () => {
  it.each(ALL)('are built and read back: %j', (topic, tail) => {
    expect(buildTopic(topic)).toBe(`rollcall/v1/gw-block-a/${tail}`);
    expect(parseTopic(`rollcall/v1/gw-block-a/${tail}`)).toEqual(topic);
  });

  it.each([
    '',
    'rollcall/v1',
    'rollcall/v1/',
    'rollcall/v2/gw/up/status',
    'Rollcall/v1/gw/up/status',
    '/rollcall/v1/gw/up/status',
    'rollcall/v1//up/status',
    'rollcall/v1/GW/up/status',
    'rollcall/v1/+/up/status',
    'rollcall/v1/gw/up',
    'rollcall/v1/gw/up/',
    'rollcall/v1/gw/up/#',
    'rollcall/v1/gw/up/status/',
    'rollcall/v1/gw/up/status/x',
    'rollcall/v1/gw/up/ack',
    'rollcall/v1/gw/up/constructor',
    'rollcall/v1/gw/up/device',
    'rollcall/v1/gw/up/device/d1',
    'rollcall/v1/gw/up/device/d1/health',
    'rollcall/v1/gw/up/device/D1/status',
    'rollcall/v1/gw/up/device/d1/status/x',
    'rollcall/v1/gw/up/rsp',
    'rollcall/v1/gw/up/rsp/rm',
    'rollcall/v1/gw/up/rsp/ping/x',
    'rollcall/v1/gw/down',
    'rollcall/v1/gw/down/status',
    'rollcall/v1/gw/down/ack/x',
    'rollcall/v1/gw/down/roster/1',
    'rollcall/v1/gw/down/cmd',
    'rollcall/v1/gw/down/cmd/',
    'rollcall/v1/gw/down/cmd/RM',
    'rollcall/v1/gw/down/cmd/ping/x',
    'rollcall/v1/gw/sideways/status',
    '$SYS/broker/uptime',
  ])('outside the contract are not read: %j', (text) => {
    expect(parseTopic(text)).toBeUndefined();
  });

  it('that are read are exactly those that can be built, whatever the text', () => {
    const part = fc.oneof(
      fc.constantFrom(
        'rollcall',
        'v1',
        'gw',
        'up',
        'down',
        'device',
        'd1',
        'status',
        'cmd',
        'rsp',
        'ping',
        'ack',
        '+',
        '#',
        '',
      ),
      fc.string({ maxLength: 6 }),
    );
    const tail = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(
        fc.oneof(
          tail,
          tail.map((text) => `rollcall/v1/gw/${text}`),
          fc.string(),
        ),
        (text) => {
          const topic = parseTopic(text);
          if (topic !== undefined) expect(buildTopic(topic)).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    '',
    'GW',
    'a/b',
    '+',
    '#',
    'gw/#',
    'x'.repeat(32),
    '-gw',
    'gw\n',
    'gw\0',
  ])('cannot be built with the hostile part %j', (hostile) => {
    const refused = (what: string) =>
      expect.objectContaining({ code: 'TOPIC_INVALID', message: expect.stringContaining(what) });
    expect(() => buildTopic({ kind: 'status', gatewayId: hostile })).toThrow(refused('gateway id'));
    expect(() => buildTopic({ kind: 'device-status', gatewayId, deviceId: hostile })).toThrow(
      refused('device id'),
    );
    expect(() => downFilter(hostile)).toThrow(refused('gateway id'));
    expect(() => upPrefix(hostile)).toThrow(refused('gateway id'));
  });

  it.each([
    '',
    'ping/x',
    '+',
    '#',
    'Ping',
    'x'.repeat(33),
  ])('cannot be built with the hostile command %j', (command) => {
    const refused = expect.objectContaining({
      code: 'TOPIC_INVALID',
      message: expect.stringContaining('command'),
    });
    expect(() => buildTopic({ kind: 'command', gatewayId, command })).toThrow(refused);
    expect(() => buildTopic({ kind: 'response', gatewayId, command: command as 'ping' })).toThrow(refused);
  });

  it('of one gateway are not below the prefix of another', () => {
    expect(upPrefix('gw-1')).toBe('rollcall/v1/gw-1/up/');
    expect(buildTopic({ kind: 'status', gatewayId: 'gw-10' }).startsWith(upPrefix('gw-1'))).toBe(false);
    expect(downFilter('gw-1')).toBe('rollcall/v1/gw-1/down/#');
  });

  it('of the start-up probe match the subscription of central and no gateway', () => {
    expect(UP_FILTER).toBe('rollcall/v1/+/up/#');
    expect(probeTopic('n1')).toBe('rollcall/v1/PROBE/up/live/n1');
    expect(parseTopic(probeTopic('n1'))).toBeUndefined();
  });
});
