import type { Mark, RecordItem } from '../../api/types.js';

export interface RosterFilter {
  text: string;
  mark: Mark | null;
}

/** Every word has to occur in the name or the roll number, in any order and case. */
export function filterRoster(records: readonly RecordItem[], filter: RosterFilter): RecordItem[] {
  const words = filter.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return records.filter((record) => {
    if (filter.mark !== null && record.mark !== filter.mark) return false;
    const about = `${record.student.name} ${record.student.roll_number}`.toLocaleLowerCase();
    return words.every((word) => about.includes(word));
  });
}

export function tallyRoster(records: readonly RecordItem[]): Map<Mark, number> {
  const tally = new Map<Mark, number>();
  for (const { mark } of records) tally.set(mark, (tally.get(mark) ?? 0) + 1);
  return tally;
}
