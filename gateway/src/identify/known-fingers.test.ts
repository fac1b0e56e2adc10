import { readFingerRecord } from '@rollcall/protocol/finger-record-read';
import { writeFingerRecord } from '@rollcall/protocol/finger-record-write';
import { describe, expect, it } from 'vitest';
import { encodeTemplate } from '../biometrics/template/record.js';
import { encodeRecordSet } from '../biometrics/template/record-set.js';
import { importTemplate } from '../biometrics/template/standard-records.js';
import { silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import { FINGERS_PER_STUDENT_MAX, KnownFingers } from './known-fingers.js';
import { createTemplateSeal } from './template-seal.js';
import { TemplateStore } from './template-store.js';

const idOf = (index: number): string => `0190a000-0000-7000-8000-00000000000${index}`;
const ISO = writeFingerRecord(
  {
    views: [
      {
        position: 2,
        impression: 0,
        quality: 86,
        width: 300,
        height: 400,
        resolutionX: 197,
        resolutionY: 197,
        minutiae: [{ x: 100, y: 150, angle: 32, type: 1, quality: 80 }],
      },
    ],
  },
  'iso2005',
);

function fixture(over: { isKeyless?: true; listed?: string[] } = {}) {
  const store = new TemplateStore(storeFixture().store.db);
  const seal = createTemplateSeal(Buffer.alloc(32, 7));
  const listed: string[] = over.listed ?? [];
  const put = (record: Uint8Array, student_ref = 's1', key = seal): void => {
    const index = store.ids().length + 1;
    const place = { template_id: idOf(index), student_ref, finger_position: index, format: 'any' };
    store.put([{ ...place, sealed: key.seal(Buffer.from(record), place).toString('base64') }]);
    listed.push(place.template_id);
  };
  const known = new KnownFingers({
    store,
    seal: over.isKeyless ? undefined : seal,
    roster: { templateIds: listed },
    log: silentLog,
  });
  return { put, known, listed };
}

describe('the fingers that a reader is given to compare', () => {
  it('are INCITS 378 records, whatever standard they are kept in, and no one else’s', () => {
    const { put, known } = fixture();
    put(ISO);
    put(encodeTemplate(importTemplate(ISO)));
    put(ISO, 's2');
    const fingers = known.of('s1');
    expect(fingers.map(({ templateId, position }) => [templateId, position])).toEqual([
      [idOf(1), 1],
      [idOf(2), 2],
    ]);
    for (const { record } of fingers) {
      const { format, views } = readFingerRecord(record);
      expect(format).toBe('incits378-2004');
      expect(views[0]?.minutiae).toMatchObject([{ x: 100, y: 150, type: 1 }]);
    }
  });

  it('are the best impression of those that were enrolled', () => {
    const { put, known } = fixture();
    const template = importTemplate(ISO);
    const [minutia] = template.skeleton;
    const better = {
      ...template,
      quality: 90,
      skeleton: minutia === undefined ? [] : [{ ...minutia, x: 120 }],
    };
    put(encodeRecordSet([{ ...template, quality: 40 }, better].map((one) => encodeTemplate(one))));
    const [finger] = known.of('s1');
    expect(readFingerRecord(finger?.record ?? new Uint8Array()).views[0]?.minutiae).toMatchObject([
      { x: 120 },
    ]);
  });

  it('leave out what only modules of one maker understand, and what does not open', () => {
    const { put, known } = fixture();
    put(Buffer.from([3, 1, 0, 0]));
    put(ISO, 's1', createTemplateSeal(Buffer.alloc(32, 8)));
    put(Buffer.from('FMR\0 20\0', 'latin1'));
    put(ISO);
    expect(known.of('s1').map(({ position }) => position)).toEqual([4]);
  });

  it('are gone with the roster that no longer lists them', () => {
    const { put, known, listed } = fixture();
    put(ISO);
    listed.length = 0;
    expect(known.of('s1')).toEqual([]);
  });

  it('are no more than a person can be asked for', () => {
    const { put, known } = fixture();
    for (let finger = 0; finger <= FINGERS_PER_STUDENT_MAX; finger++) put(ISO);
    expect(known.of('s1')).toHaveLength(FINGERS_PER_STUDENT_MAX);
  });

  it('are none on a gateway that keeps no fingerprints', () => {
    const { put, known } = fixture({ isKeyless: true });
    put(ISO);
    expect(known.of('s1')).toEqual([]);
  });
});
