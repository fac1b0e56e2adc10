import type { CommandResponse } from '@rollcall/protocol/command';
import { ManualClock } from '@rollcall/protocol/manual-clock';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { type CommandHandlers, takeCommand } from './commands.js';

async function send(name: string, value: unknown, over: Partial<CommandHandlers> = {}) {
  const clock = new ManualClock();
  const answers: Array<CommandResponse & { name: string }> = [];
  const handlers: CommandHandlers = {
    ping: () => ({ pong: true }),
    replay: ({ from_seq }) => ({ from_seq }),
    log_level: () => undefined,
    terminal_user: () => undefined,
    enroll: () => undefined,
    enroll_cancel: () => undefined,
    ...over,
  };
  const base = { v: 1, id: 'c1', issued_at: new Date(clock.wallMs()).toISOString(), ttl_s: 60, args: {} };
  const payload = typeof value === 'string' ? value : JSON.stringify({ ...base, ...(value as object) });
  await takeCommand(name, Buffer.from(payload), {
    handlers,
    clock,
    log: silentLog,
    respond: (to, response) => {
      answers.push({ name: to, ...response });
      return Promise.resolve();
    },
  });
  return answers;
}

describe('takeCommand', () => {
  it('answers with what the command gave', async () => {
    expect(await send('ping', {})).toEqual([
      { name: 'ping', v: 1, id: 'c1', status: 'ok', data: { pong: true } },
    ]);
    expect(await send('replay', { args: { from_seq: 5 } })).toMatchObject([
      { status: 'ok', data: { from_seq: 5 } },
    ]);
  });

  it('takes no user for a terminal that could end a line of its protocol', async () => {
    const put = (user: string, name: string) =>
      send('terminal_user', { args: { action: 'put', device_id: 'zk-gate', user, name } });
    expect(await put('21A91A0501', 'आशा राव')).toMatchObject([{ status: 'ok' }]);
    for (const [user, name] of [
      ['1\tPri=14', 'Asha'],
      ['', 'Asha'],
      ['1', 'Asha\tPri=14'],
      ['1', 'Asha\nC:9:REBOOT'],
    ] as const) {
      expect(await put(user, name)).toMatchObject([{ status: 'error', error: { code: 'COMMAND_INVALID' } }]);
    }
  });

  it.each<[string, string, unknown, string, RegExp]>([
    ['expired', 'ping', { issued_at: '2020-01-01T00:00:00.000Z' }, 'COMMAND_EXPIRED', /send it again/],
    ['unknown', 'reboot', {}, 'COMMAND_UNKNOWN', /ping, replay, log_level/],
    ['an inherited name', 'constructor', {}, 'COMMAND_UNKNOWN', /no command/],
    ['with wrong arguments', 'replay', { args: { from_seq: 0 } }, 'COMMAND_INVALID', /from_seq/],
    [
      'with an unknown level',
      'log_level',
      { args: { level: 'loud', minutes: 5 } },
      'COMMAND_INVALID',
      /level/,
    ],
  ])('refuses a command that is %s and says why', async (_what, name, value, code, message) => {
    const [answer] = await send(name, value);
    expect(answer).toMatchObject({ id: 'c1', status: 'error', error: { code } });
    expect(answer?.error?.message).toMatch(message);
  });

  it('answers a failure of its own as such', async () => {
    const failing = () => {
      throw new Error('boom');
    };
    expect(await send('ping', {}, { ping: failing })).toMatchObject([
      { status: 'error', error: { code: 'INTERNAL' } },
    ]);
  });

  it.each([
    ['not json'],
    ['{}'],
    ['[]'],
  ])('does nothing on %s, which nobody can be answered for', async (text) => {
    expect(await send('ping', text)).toEqual([]);
  });
});
