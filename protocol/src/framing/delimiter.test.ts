import { describe, expect, it } from 'vitest';
import { DelimiterFramer } from './delimiter.js';
import type { FramingEvent } from './framer.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const show = (events: FramingEvent[]) =>
  events.map((event) =>
    event.type === 'frame' ? Buffer.from(event.bytes).toString('latin1') : { [event.reason]: event.bytes },
  );

describe('frames that end with a delimiter', () => {
  it('hold what stood before it, empty ones included', () => {
    const framer = new DelimiterFramer({ maxBytes: 8 });
    expect(show(framer.push(ascii('one\n\ntwo\r\nthr')))).toEqual(['one', '', 'two\r']);
    expect(framer.pendingBytes).toBe(3);
    expect(show(framer.push(ascii('ee\n')))).toEqual(['three']);
  });

  it('may be as long as the cap and no longer', () => {
    const framer = new DelimiterFramer({ maxBytes: 4 });
    expect(show(framer.push(ascii('abcd\nabcde\nnext\n')))).toEqual(['abcd', { too_long: 6 }, 'next']);
  });

  it('never hand out the tail of one that was too long', () => {
    const framer = new DelimiterFramer({ maxBytes: 4 });
    expect(show(framer.push(ascii('abc')))).toEqual([]);
    expect(show(framer.push(ascii('de')))).toEqual([{ too_long: 5 }]);
    expect(show(framer.push(ascii('f')))).toEqual([{ too_long: 1 }]);
    expect(show(framer.push(ascii('g\nok\n')))).toEqual([{ too_long: 2 }, 'ok']);
  });

  it('begin after the first delimiter where the first line proves nothing', () => {
    const framer = new DelimiterFramer({ maxBytes: 8, dropFirst: true });
    expect(show(framer.push(ascii('C3D4')))).toEqual([{ unproven_start: 4 }]);
    expect(show(framer.push(ascii('E5\n04A1\n')))).toEqual([{ unproven_start: 3 }, '04A1']);
    framer.reset();
    expect(show(framer.push(ascii('C3\n04\n')))).toEqual([{ unproven_start: 3 }, '04']);
  });

  it('take another delimiter and wait through silence', () => {
    const framer = new DelimiterFramer({ maxBytes: 8, delimiter: 0x0d });
    framer.push(ascii('ab'));
    expect(framer.idle()).toEqual([]);
    expect(show(framer.push(ascii('c\r')))).toEqual(['abc']);
  });
});
