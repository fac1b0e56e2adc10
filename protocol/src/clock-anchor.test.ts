import { describe, it } from 'vitest';
import { ANCHOR_SOURCES, clockAnchorSchema } from './clock-anchor.js';
import { expectRefusals, expectRoundTrip } from './contract-cases.test-support.js';
import { anchor } from './sample-messages.test-support.js';

describe('a clock anchor', () => {
  it.each(ANCHOR_SOURCES)('taken at %s survives the wire', (source) => {
    expectRoundTrip(clockAnchorSchema, { ...anchor, source });
  });

  it('is refused with the place', () => {
    expectRefusals(clockAnchorSchema, anchor, [
      ['source', 'whim', 'source'],
      ['mono_ms', undefined, 'mono_ms'],
      ['wall_ms', 1, 'wall_ms'],
    ]);
  });
});
