import type { LiveEvent, Mark } from '../api/types.js';

/** The mark of whoever is signed in, in one class session. */
export interface OwnMark {
  session_id: string;
  roll_number: string;
  mark: Mark;
  /** ISO 8601 in UTC; null while no capture has decided. */
  marked_at: string | null;
}

/** Whoever teaches or looks after others is sent their marks, too: only the own one counts. */
export function nextOwnMark(known: OwnMark, event: LiveEvent): OwnMark {
  if (event.type !== 'record') return known;
  const { session_id, student, mark, marked_at } = event.data;
  if (session_id !== known.session_id || student.roll_number !== known.roll_number) return known;
  return { ...known, mark, marked_at };
}
