import { describe, expect, it } from 'vitest';
import { classSession, instant, punch } from '../fixtures.js';
import { FEED_ROWS_MAX, latestTaps, markFeed, mergeFeed } from './feed.js';

const ids = (rows: { id: string }[]): string[] => rows.map((row) => row.id);

describe('mergeFeed', () => {
  it('puts the newest tap first, whatever the order of arrival', () => {
    const rows = mergeFeed([punch('b', '10:00:02')], [punch('c', '10:00:03'), punch('a', '10:00:01')]);
    expect(ids(rows)).toEqual(['c', 'b', 'a']);
  });

  it('shows a tap once, however often it is told', () => {
    const once = mergeFeed([], [punch('a', '10:00:01')]);
    expect(ids(mergeFeed(once, [punch('a', '10:00:01'), punch('a', '10:00:01')]))).toEqual(['a']);
  });

  it('takes the corrected time of a tap that was re-timed', () => {
    const rows = mergeFeed([punch('a', '00:00:09'), punch('b', '10:00:00')], [punch('a', '10:00:05')]);
    expect(ids(rows)).toEqual(['a', 'b']);
  });

  it('keeps a known mark and the sign of arrival when the tap is told again without them', () => {
    const known = { ...punch('a', '10:00:01', { mark: 'late', class_session_id: 's1' }), arrived: true };
    expect(mergeFeed([known], [punch('a', '10:00:01')])[0]).toMatchObject({
      mark: 'late',
      class_session_id: 's1',
      arrived: true,
    });
  });

  it('keeps only the newest rows', () => {
    const many = Array.from({ length: FEED_ROWS_MAX + 20 }, (_, i) => {
      const second = String(i % 60).padStart(2, '0');
      return punch(`p${i}`, `10:${String(Math.floor(i / 60)).padStart(2, '0')}:${second}`);
    });
    const rows = mergeFeed([], many);
    expect(rows).toHaveLength(FEED_ROWS_MAX);
    expect(rows[0]?.id).toBe(`p${FEED_ROWS_MAX + 19}`);
  });
});

describe('markFeed', () => {
  const session = classSession('s1');
  const event = {
    session_id: 's1',
    student: { roll_number: '24B81A0501', name: 'Lakshmi Prasanna' },
    mark: 'late' as const,
    previous_mark: 'pending' as const,
    marked_at: null,
    reason: 'LATE',
  };

  it('marks the newest tap of the student in the room of the class session', () => {
    const rows = [punch('b', '10:06:02'), punch('a', '10:06:01')];
    expect(markFeed(rows, event, session).map((row) => row.mark)).toEqual(['late', undefined]);
  });

  it('leaves a tap in another room alone', () => {
    const rows = [punch('a', '10:06:01', { room_id: 'r205' })];
    expect(markFeed(rows, event, session)).toBe(rows);
  });

  it('leaves the taps of others and unknown cards alone', () => {
    const other = punch('a', '10:06:01', { student: { roll_number: '24B81A0502', name: 'Anil' } });
    const rows = [other, punch('b', '10:06:00', { outcome: 'unknown', student: null })];
    expect(markFeed(rows, event, session)).toBe(rows);
  });

  it('never moves a mark to a tap that belongs to another class session', () => {
    const rows = [punch('a', '11:00:00', { class_session_id: 's2', mark: 'present' })];
    expect(markFeed(rows, event, session)).toBe(rows);
  });
});

describe('latestTaps', () => {
  it('names the newest tap of each device of one gateway', () => {
    const rows = [
      punch('d', '10:00:04', { gateway_id: 'gw-block-b' }),
      punch('c', '10:00:03', { device_id: 'rdm-r102' }),
      punch('b', '10:00:02'),
      punch('a', '10:00:01'),
    ];
    expect([...latestTaps(rows, 'gw-block-a')]).toEqual([
      ['rdm-r102', instant('10:00:03')],
      ['rdm-r101', instant('10:00:02')],
    ]);
  });
});
