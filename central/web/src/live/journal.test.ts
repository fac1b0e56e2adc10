import { describe, expect, it } from 'vitest';
import { punch } from '../fixtures.js';
import { JOURNAL_EVENTS_MAX, Journal } from './journal.js';

describe('Journal', () => {
  it('replays what came after the noted position, oldest first', () => {
    const journal = new Journal();
    journal.add({ type: 'punch', data: punch('p1', '10:00:00') });
    const position = journal.position;
    journal.add({ type: 'punch', data: punch('p2', '10:00:01') });
    journal.add({ type: 'punch', data: punch('p3', '10:00:02') });
    expect(journal.since(position).map((event) => (event.data as { id: string }).id)).toEqual(['p2', 'p3']);
    expect(journal.since(journal.position)).toEqual([]);
  });

  it('is bounded', () => {
    const journal = new Journal();
    for (let i = 0; i < JOURNAL_EVENTS_MAX + 5; i += 1) {
      journal.add({ type: 'punch', data: punch(`p${i}`, '10:00:00') });
    }
    expect(journal.since(0)).toHaveLength(JOURNAL_EVENTS_MAX);
  });
});
