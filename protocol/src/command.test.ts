import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  COMMAND_NAMES,
  commandArgsSchemas,
  commandResponseSchema,
  commandSchema,
  isExpired,
} from './command.js';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';

const issued_at = '2026-07-07T04:36:12.345Z';
const command = { v: 1 as const, id: 'c-1', issued_at, ttl_s: 60, args: {} };
const response = { v: 1 as const, id: 'c-1', status: 'ok' as const };

describe('a command', () => {
  it('survives the wire with any arguments', () => {
    expectRoundTrip(commandSchema, command);
    expectRoundTrip(commandSchema, { ...command, args: { from_seq: 1, more: [null] } });
  });

  it('is refused with the place', () => {
    expectRefusals(commandSchema, command, [
      ['id', '', 'id'],
      ['id', 'x'.repeat(65), 'id'],
      ['issued_at', 'soon', 'issued_at'],
      ['ttl_s', 0, 'ttl_s'],
      ['ttl_s', 86_401, 'ttl_s'],
      ['ttl_s', undefined, 'ttl_s'],
      ['sudo', true, 'sudo'],
    ]);
  });

  it('has arguments of its own for each name', () => {
    expect(COMMAND_NAMES).toEqual([
      'ping',
      'replay',
      'log_level',
      'terminal_user',
      'enroll',
      'enroll_cancel',
    ]);
    expectRoundTrip(commandArgsSchemas.ping, {});
    expectRoundTrip(commandArgsSchemas.replay, { from_seq: 1 });
    expectRoundTrip(commandArgsSchemas.log_level, { level: 'debug', minutes: 30 });
    const user = { device_id: 'zk-gate', user: '21A91A0501' };
    expectRoundTrip(commandArgsSchemas.terminal_user, { action: 'put', ...user, name: 'Asha' });
    expectRoundTrip(commandArgsSchemas.terminal_user, { action: 'remove', ...user });
    expectRoundTrip(commandArgsSchemas.terminal_user, { action: 'forget_biometrics', ...user });
    expectRefusals(commandArgsSchemas.ping, {}, [['x', 1, 'x']]);
    expectRefusals(commandArgsSchemas.replay, { from_seq: 1 }, [['from_seq', 0, 'from_seq']]);
    expectRefusals(commandArgsSchemas.log_level, { level: 'info', minutes: 1 }, [
      ['level', 'silent', 'level'],
      ['minutes', 0, 'minutes'],
      ['minutes', 241, 'minutes'],
    ]);
  });
});

describe('a command past its time to live', () => {
  const issuedMs = Date.parse(issued_at);

  it('expires one millisecond after it, not at it', () => {
    expect(isExpired(command, issuedMs + 60_000)).toBe(false);
    expect(isExpired(command, issuedMs + 60_001)).toBe(true);
  });

  it('is not one whose sender has a clock ahead of ours', () => {
    expect(isExpired(command, issuedMs - 3_600_000)).toBe(false);
  });

  it('stays expired', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.nat({ max: 1e9 }), (at, later) => {
        if (isExpired(command, issuedMs + at)) expect(isExpired(command, issuedMs + at + later)).toBe(true);
      }),
    );
  });
});

describe('a response', () => {
  it('survives the wire with data or an error', () => {
    expectRoundTrip(commandResponseSchema, { ...response, data: { pong: true } });
    expectRoundTrip(commandResponseSchema, {
      ...response,
      status: 'error',
      error: { code: 'COMMAND_EXPIRED', message: 'Send it again' },
    });
  });

  it('is refused with the place', () => {
    expectRefusals(commandResponseSchema, response, [
      ['status', 'maybe', 'status'],
      ['error', { code: 'X' }, 'error.message'],
      ['id', 'x'.repeat(65), 'id'],
    ]);
  });
});
