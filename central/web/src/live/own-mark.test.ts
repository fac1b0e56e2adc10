import { describe, expect, it } from 'vitest';
import type { RecordEvent } from '../api/types.js';
import { instant } from '../fixtures.js';
import { nextOwnMark, type OwnMark } from './own-mark.js';

const OWN = '24B81A0501';
const pending: OwnMark = { session_id: 's1', roll_number: OWN, mark: 'pending', marked_at: null };

function judged(patch: Partial<RecordEvent>): { type: 'record'; data: RecordEvent } {
  const student = { roll_number: OWN, name: 'Lakshmi Prasanna' };
  const marks = { mark: 'present', previous_mark: 'pending', marked_at: instant('10:02:00') } as const;
  return { type: 'record', data: { session_id: 's1', student, reason: 'ON_TIME', ...marks, ...patch } };
}

describe('the own mark', () => {
  it('is the one that the stream brings, with its time', () => {
    expect(nextOwnMark(pending, judged({}))).toEqual({
      ...pending,
      mark: 'present',
      marked_at: instant('10:02:00'),
    });
  });

  it('is neither that of another student nor that of another class', () => {
    const other = { roll_number: '24B81A0502', name: 'Ravi Teja' };
    expect(nextOwnMark(pending, judged({ student: other }))).toEqual(pending);
    expect(nextOwnMark(pending, judged({ session_id: 's2' }))).toEqual(pending);
  });
});
