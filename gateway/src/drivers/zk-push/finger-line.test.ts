import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatOf, versionOf } from '../terminal/finger-format.js';
import { fingerNumber, positionOf } from '../terminal/finger-number.js';
import { isFingerLine, parseFingerLine } from './finger-line.js';

const RECORD = Buffer.concat([Buffer.from('J\x89SS21', 'latin1'), Buffer.alloc(48, 7)]);
const TMP = RECORD.toString('base64');
/** One that says nothing of its version. */
const OLD = Buffer.alloc(48, 9).toString('base64');

describe('a finger that a terminal brings', () => {
  it.each([
    [`FP PIN=7\tFID=6\tSize=${TMP.length}\tValid=1\tTMP=${TMP}`, 'OPERLOG', '7', 2, '10'],
    [`fp pin=7 fid=6 size=${RECORD.length} valid=1 tmp=${TMP}`, 'OPERLOG', '7', 2, '10'],
    [`PIN=7\tFID=0\tSize=0\tValid=1\tTMP=${OLD}`, 'FINGERTMP', '7', 10, undefined],
    [
      `BIODATA Pin=24A1\tNo=5\tIndex=0\tValid=1\tDuress=0\tType=1\tMajorVer=12\tMinorVer=3\tFormat=0\tTmp=${OLD}`,
      'BIODATA',
      '24A1',
      1,
      '12.3',
    ],
    [`Pin=1\tNo=4\tIndex=0\tValid=1\tType=1\tMajorVer=10\tMinorVer=0\tTmp=${TMP}`, 'BIODATA', '1', 6, '10'],
    [
      `templatev10 size=${TMP.length}\tuid=3\tpin=7\tfingerid=9\tvalid=1\ttemplate=${TMP}\tresverd=\tendtag=`,
      'TEMPLATEV10',
      '7',
      5,
      '10',
    ],
  ])('is read in every dialect: %s', (line, table, user, fingerPosition, version) => {
    const read = parseFingerLine(line, table);
    expect(read).toMatchObject({ type: 'finger', user, fingerPosition });
    if (read.type !== 'finger') return;
    expect(read.version === undefined ? undefined : formatOf(read.version)).toBe(
      version === undefined ? undefined : `zk-finger-${version}`,
    );
    expect(Buffer.from(read.record).toString('base64')).toBe(line.includes(TMP) ? TMP : OLD);
  });

  it.each([
    [`FP PIN=7\tFID=6\tSize=${TMP.length}\tValid=1\tTMP=${TMP.slice(0, 48)}`, 'of another size'],
    [`FP PIN=7\tFID=6\tSize=612\tValid=1\tTMP=${TMP}`, 'of another size'],
    [`FP PIN=7\tFID=6\tValid=1\tTMP=${TMP.slice(0, 41)}`, 'no base64'],
    ['FP PIN=7\tFID=6\tValid=1\tTMP=<script>alert(1)</script>', 'no base64'],
    [`FP PIN=7\tFID=6\tValid=1\tTMP=${'A'.repeat(3_000_000)}`, 'too long'],
    ['FP PIN=7\tFID=6\tValid=1\tTMP=AAAA', 'too short'],
    ['FP PIN=7\tFID=6\tSize=612\tVal', 'no template'],
    [`FP PIN=7\tFID=10\tTMP=${TMP}`, 'no finger'],
    [`FP PIN=\tFID=6\tTMP=${TMP}`, 'no user'],
    [`FP PIN=${'7'.repeat(25)}\tFID=6\tTMP=${TMP}`, 'no user'],
    [`FP PIN=7\tFID=6\tValid=3\tTMP=${TMP}`, 'duress'],
    [`FP PIN=7\tFID=6\tValid=0\tTMP=${TMP}`, 'not valid'],
    [`BIODATA Pin=7\tNo=6\tDuress=1\tType=1\tTmp=${TMP}`, 'duress'],
    [`BIODATA Pin=7\tNo=6\tType=1\tFormat=2\tTmp=${TMP}`, 'foreign form'],
  ])('is not taken where something is wrong with it: %#', (line, reason) => {
    const read = parseFingerLine(line, 'OPERLOG');
    expect(read).toMatchObject({ type: 'bad', reason: expect.stringContaining(reason) });
  });

  it('is no face, palm or vein', () => {
    expect(parseFingerLine(`BIODATA Pin=7\tNo=0\tType=9\tTmp=${TMP}`, 'BIODATA')).toEqual({ type: 'other' });
  });

  it('is told from a line of the log', () => {
    expect(isFingerLine(`FP PIN=7\tFID=6\tTMP=${TMP}`)).toBe(true);
    expect(isFingerLine('1001\t2026-07-15 09:05:30\t0\t1')).toBe(false);
  });

  it('never throws, and says nothing of the line, whatever comes', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc
        .tuple(fc.nat({ max: 200 }), fc.string({ maxLength: 8 }))
        .map(([at, noise]) => `FP PIN=7\tFID=6\tSize=${TMP.length}\tTMP=${TMP}`.slice(0, at) + noise),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom('OPERLOG', 'BIODATA', 'FINGERTMP'), (line, table) => {
        const read = parseFingerLine(line, table);
        if (read.type === 'bad') expect(read.reason).toMatch(/^[a-z0-9 ,]+$/);
      }),
    );
  });

  it('has a number of its own at the terminal, and back', () => {
    expect([0, 4, 5, 6, 9].map(positionOf)).toEqual([10, 6, 1, 2, 5]);
    for (let number = 0; number < 10; number++) expect(fingerNumber(positionOf(number))).toBe(number);
    expect(versionOf('zk-finger-12.3')).toEqual({ major: 12, minor: 3 });
    expect(versionOf('ef01')).toBeUndefined();
  });
});
