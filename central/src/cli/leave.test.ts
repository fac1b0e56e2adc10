import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { leave, stopInTime } from './leave.js';

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

it('ends a process whose stop does not end, and says what it waited for', () => {
  const told: object[] = [];
  const codes: number[] = [];
  const log = { ...silentLog, error: (context: object) => void told.push(context) } as never;
  const end = (code: number) => codes.push(code);
  stopInTime(log, end)();
  vi.advanceTimersByTime(85_000);
  stopInTime(log, end);
  vi.advanceTimersByTime(84_999);
  expect(codes).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(codes).toEqual([1]);
  expect(told).toEqual([{ resources: expect.any(Array) }]);
});
