import { queryOptions } from '@tanstack/react-query';
import type { Journal } from '../live/journal.js';
import { nextOwnMark, type OwnMark } from '../live/own-mark.js';
import { getJson } from './client.js';
import type { ScanResult } from './code.js';
import { KEYS } from './keys.js';
import type { Mark, Page, RecordItem } from './types.js';

/** For whom the stream brings nothing: a mark takes some tenths of a second, and whoever waits longer is no help to a busy central. */
const READ_AFTER_MS = [2_000, 3_000, 5_000] as const;

/** What a scan leads to as a rule; another mark may be from before it, as long as it is not judged. */
const BY_SCANS: ReadonlySet<Mark> = new Set(['present', 'late']);

/** A scan that central has answered, and what was known before it was asked. */
export interface Scanned {
  result: ScanResult;
  rollNumber: string;
  /** Of the journal before the scan: the stream may tell the mark before the answer is here. */
  position: number;
  /** 0 to 1: a campus that scans in one moment must not read in one moment, too. */
  spread: number;
}

/**
 * The mark that a scan leads to. The stream writes it as soon as it is judged (ADR 73); while it is pending it is also
 * read, three times within 10 s at most, and after every gap of the stream.
 */
export function ownMarkQuery(journal: Journal, scanned: Scanned) {
  const { session, mark, marked_at } = scanned.result;
  const answered: OwnMark = { session_id: session.id, roll_number: scanned.rollNumber, mark, marked_at };
  const key = KEYS.ownMark(session.id);
  return queryOptions({
    queryKey: key,
    initialData: () => journal.since(scanned.position).reduce(nextOwnMark, answered),
    // A second scan of the same class starts with its own answer.
    gcTime: 0,
    retry: false,
    refetchInterval: ({ state }): number | false => {
      if (state.data?.mark !== 'pending') return false;
      const waitMs = READ_AFTER_MS[state.dataUpdateCount + state.errorUpdateCount];
      return waitMs === undefined ? false : Math.round((waitMs * (1 + scanned.spread)) / 2);
    },
    queryFn: async ({ signal, client }): Promise<OwnMark> => {
      const position = journal.position;
      const query = { session: session.id, student: scanned.rollNumber, limit: 1 };
      const [record] = (await getJson<Page<RecordItem>>('records/', query, signal)).results;
      const known = client.getQueryData<OwnMark>(key) ?? answered;
      if (record === undefined) return known;
      const state = client.getQueryState(key);
      const reads = (state?.dataUpdateCount ?? 0) + (state?.errorUpdateCount ?? 0);
      if (!BY_SCANS.has(record.mark) && reads + 1 < READ_AFTER_MS.length) return known;
      const read: OwnMark = { ...known, mark: record.mark, marked_at: record.marked_at };
      return journal.since(position).reduce(nextOwnMark, read);
    },
  });
}
