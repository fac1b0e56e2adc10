import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { leave } from './leave.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('ends a process that something keeps alive after it has stopped, and says what', () => {
  const warned: object[] = [];
  const codes: number[] = [];
  leave({ ...silentLog, warn: (context: object) => void warned.push(context) } as never, (code) =>
    codes.push(code),
  );
  vi.advanceTimersByTime(4_999);
  expect(codes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(codes).toEqual([0]);
  expect(warned).toEqual([{ resources: expect.any(Array) }]);
});
