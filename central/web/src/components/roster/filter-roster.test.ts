import { describe, expect, it } from 'vitest';
import type { Mark, RecordItem } from '../../api/types.js';
import { filterRoster, tallyRoster } from './filter-roster.js';

function record(roll: string, name: string, mark: Mark): RecordItem {
  const student = { roll_number: roll, name };
  return { id: roll, session_id: 's1', student, mark, marked_at: null, source: 'system', reason: '' };
}

const records = [
  record('24B81A0501', 'Lakshmi Prasanna', 'present'),
  record('24B81A0502', 'Sai Prasad', 'late'),
  record('24B81A0503', 'Anil Kumar', 'pending'),
];
const rolls = (found: RecordItem[]): string[] => found.map((one) => one.id.slice(-2));

describe('filterRoster', () => {
  it('finds by parts of the name or the roll number, in any order', () => {
    expect(rolls(filterRoster(records, { text: 'pras', mark: null }))).toEqual(['01', '02']);
    expect(rolls(filterRoster(records, { text: '0503 KUMAR', mark: null }))).toEqual(['03']);
    expect(rolls(filterRoster(records, { text: '  ', mark: null }))).toEqual(['01', '02', '03']);
  });

  it('joins the text with the mark', () => {
    expect(rolls(filterRoster(records, { text: 'pras', mark: 'late' }))).toEqual(['02']);
    expect(filterRoster(records, { text: 'pras', mark: 'absent' })).toEqual([]);
  });
});

describe('tallyRoster', () => {
  it('counts each mark', () => {
    expect([...tallyRoster(records)]).toEqual([
      ['present', 1],
      ['late', 1],
      ['pending', 1],
    ]);
  });
});
