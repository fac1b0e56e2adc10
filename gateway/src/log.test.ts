import { describe, expect, it } from 'vitest';
import { createLog } from './log.js';

function capture() {
  const lines: Array<Record<string, unknown>> = [];
  return { lines, stream: { write: (text: string) => void lines.push(JSON.parse(text)) } };
}

describe('createLog', () => {
  it('never prints the value of a secret field, at the top or nested', () => {
    const { lines, stream } = capture();
    const log = createLog('info', stream);
    log.info({ uid: '04A1B2C3', nested: { password: 'hunter2', deep: { template: 'bytes' } } }, 'tap');
    const text = JSON.stringify(lines);
    expect(text).not.toMatch(/04A1B2C3|hunter2|bytes/);
    expect(text).toContain('[redacted]');
  });

  it('changes the level of children made before the change', () => {
    const { lines, stream } = capture();
    const log = createLog('info', stream);
    const child = log.child({ part: 'store' });
    child.debug('too early');
    log.setLevel('debug');
    child.debug('now');
    log.setLevel('info');
    child.debug('too late');
    expect(lines.map((line) => line['msg'])).toEqual(['now']);
    expect(lines[0]).toMatchObject({ part: 'store', level: 'debug' });
  });

  it('prints the code and message of an error', () => {
    const { lines, stream } = capture();
    createLog('info', stream).warn({ err: new Error('no such port') }, 'reader lost');
    expect(lines[0]).toMatchObject({ level: 'warn', err: { message: 'no such port' } });
  });
});
