import { describe, expect, it } from 'vitest';
import { COMMAND } from './codes.js';
import { showSignal } from './commands.js';

const BOTH = { hasLed: true, hasBuzzer: true };
const codes = (commands: readonly { code: number }[]): number[] => commands.map(({ code }) => code);

describe('showSignal', () => {
  it('lights for a time and beeps, as the packets of the note do', () => {
    const [led, buzzer] = showSignal('kept', BOTH);
    expect([...(led?.data ?? [])]).toEqual([0, 0, 2, 4, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0]);
    expect([...(buzzer?.data ?? [])]).toEqual([0, 2, 1, 1, 1]);
  });

  it('asks for no beep where none is meant: a count of 0 beeps until it is told to stop', () => {
    expect(codes(showSignal('kept_again', BOTH))).toEqual([COMMAND.led]);
  });

  it('asks only for what the reader has', () => {
    expect(codes(showSignal('refused', { hasLed: false, hasBuzzer: true }))).toEqual([COMMAND.buzzer]);
    expect(showSignal('kept', { hasLed: false, hasBuzzer: false })).toEqual([]);
  });
});
