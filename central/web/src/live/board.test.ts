import { describe, expect, it } from 'vitest';
import { classSession, instant } from '../fixtures.js';
import { groupBoard, mergeBoard } from './board.js';

const at = (time: string): number => Date.parse(instant(time));
const ids = (sessions: { id: string }[]): string[] => sessions.map((session) => session.id);

describe('mergeBoard', () => {
  it('never goes back to an older version', () => {
    const known = [classSession('s1', { version: 3, status: 'closed' })];
    expect(mergeBoard(known, [classSession('s1', { version: 2 })])[0]?.status).toBe('closed');
    expect(mergeBoard(known, [classSession('s1', { version: 4, status: 'finalized' })])[0]?.status).toBe(
      'finalized',
    );
  });

  it('orders by start, then by place', () => {
    const sessions = mergeBoard(
      [],
      [
        classSession('late', { start_at: instant('11:00:00') }),
        classSession('r102', { room: { id: 'r102', name: 'R102' } }),
        classSession('r101'),
      ],
    );
    expect(ids(sessions)).toEqual(['r101', 'r102', 'late']);
  });
});

describe('groupBoard', () => {
  const session = classSession('s1', { status: 'scheduled' });

  it('counts a class as of now from ten minutes before its start', () => {
    expect(ids(groupBoard([session], at('09:49:59')).next)).toEqual(['s1']);
    expect(ids(groupBoard([session], at('09:50:00')).now)).toEqual(['s1']);
  });

  it('moves it to the ended ones after its end, and drops it half an hour later once it is settled', () => {
    const finalized = classSession('s1', { status: 'finalized' });
    expect(ids(groupBoard([finalized], at('10:50:00')).now)).toEqual(['s1']);
    expect(ids(groupBoard([finalized], at('10:50:01')).ended)).toEqual(['s1']);
    expect(groupBoard([finalized], at('11:20:01'))).toEqual({ now: [], next: [], ended: [] });
  });

  it('keeps a class that still waits for a gateway, however long ago it ended', () => {
    const waiting = classSession('s1', { status: 'closed', waiting_for: ['gw-block-a'] });
    expect(ids(groupBoard([waiting], at('18:00:00')).ended)).toEqual(['s1']);
  });

  it('leaves out what is not held', () => {
    const gone = [classSession('s1', { status: 'cancelled' }), classSession('s2', { status: 'not_held' })];
    expect(groupBoard(gone, at('10:10:00')).now).toEqual([]);
  });
});
