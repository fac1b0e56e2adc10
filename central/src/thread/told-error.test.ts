import { RollcallError } from '@rollcall/protocol/errors';
import { describe, expect, it } from 'vitest';
import { isDatabaseTransient } from '../db/connection.js';
import { problemOf } from '../http/problem.js';
import { hearError, tellError } from './told-error.js';

/** As another thread hears it. */
const carried = (error: unknown): Error => hearError(structuredClone(tellError(error)));

describe('an error on its way between threads', () => {
  it('stays one of ours, with its code, context and place', () => {
    const error = new RollcallError('QR_EXPIRED', 'Scan the new code', { context: { retryAfterSeconds: 3 } });
    const heard = carried(error);
    expect(heard).toEqual(error);
    expect(problemOf(heard)).toEqual(problemOf(error));
    expect(heard.stack).toBe(error.stack);
  });

  it('says of PostgreSQL what was refused where', () => {
    const error = Object.assign(new Error('duplicate key'), {
      code: '23505',
      table: 'qr_scan',
      constraint: 'qr_scan_student_once',
      detail: 'Key (…) exists',
    });
    const heard = carried(error);
    expect(heard).toMatchObject({ code: '23505', table: 'qr_scan', constraint: 'qr_scan_student_once' });
    // Values of a row are nobody's business.
    expect(heard).not.toHaveProperty('detail');
  });

  it.each([
    ['a busy pool', Object.assign(new Error('Timeout acquiring a connection'), { name: 'KnexTimeoutError' })],
    ['a lost connection', Object.assign(new Error('gone'), { code: 'ECONNRESET' })],
    ['a deadlock', Object.assign(new Error('deadlock'), { code: '40P01' })],
  ])('%s goes away by itself there, too', (_name, error) => {
    expect(isDatabaseTransient(error)).toBe(true);
    expect(isDatabaseTransient(carried(error))).toBe(true);
    expect(problemOf(carried(error)).status).toBe(503);
  });

  it('may be no error at all', () => {
    expect(carried('a word').message).toBe('a word');
  });
});
