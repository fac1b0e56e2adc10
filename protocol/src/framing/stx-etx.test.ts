import { describe, expect, it } from 'vitest';
import type { FramingEvent } from './framer.js';
import { StxEtxFramer } from './stx-etx.js';

const ascii = (text: string): Uint8Array =>
  Uint8Array.from(Buffer.from(text.replaceAll('<', '\x02').replaceAll('>', '\x03'), 'latin1'));
const show = (events: FramingEvent[]) =>
  events.map((event) =>
    event.type === 'frame' ? Buffer.from(event.bytes).toString('latin1') : { [event.reason]: event.bytes },
  );

describe('frames between a start and an end byte', () => {
  it('are found among noise, which is counted', () => {
    const framer = new StxEtxFramer({ maxBytes: 8 });
    expect(show(framer.push(ascii('xx<abc>>y<>z')))).toEqual([
      { noise: 2 },
      'abc',
      { noise: 2 },
      '',
      { noise: 1 },
    ]);
  });

  it('are recovered from inside and behind a broken one', () => {
    const framer = new StxEtxFramer({ maxBytes: 8 });
    expect(show(framer.push(ascii('<ab<cd>')))).toEqual([{ truncated: 3 }, 'cd']);
    expect(show(framer.push(ascii('<012345678<ok>')))).toEqual([{ too_long: 10 }, 'ok']);
    expect(show(framer.push(ascii('<012345678rest><ok>')))).toEqual([{ too_long: 10 }, { noise: 5 }, 'ok']);
  });

  it('may fill the cap', () => {
    expect(show(new StxEtxFramer({ maxBytes: 4 }).push(ascii('<abcd>')))).toEqual(['abcd']);
  });

  it('that stop are given up at silence', () => {
    const framer = new StxEtxFramer({ maxBytes: 8 });
    framer.push(ascii('<ab'));
    expect(framer.pendingBytes).toBe(3);
    expect(show(framer.idle())).toEqual([{ truncated: 3 }]);
    expect(framer.pendingBytes).toBe(0);
    expect(show(framer.push(ascii('cd>')))).toEqual([{ noise: 3 }]);
    expect(framer.idle()).toEqual([]);
  });

  it('that stop are taken at silence where clones leave out the end byte', () => {
    const framer = new StxEtxFramer({ maxBytes: 8, endsOnIdle: true });
    framer.push(ascii('<abc'));
    expect(show(framer.idle())).toEqual(['abc']);
    framer.push(ascii('<'));
    expect(show(framer.idle())).toEqual([{ truncated: 1 }]);
    expect(framer.idle()).toEqual([]);
  });

  it('take other markers', () => {
    const framer = new StxEtxFramer({ maxBytes: 8, stx: 0x28, etx: 0x29 });
    expect(show(framer.push(ascii('(ab)')))).toEqual(['ab']);
  });
});
