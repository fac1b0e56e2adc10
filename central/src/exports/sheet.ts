export type Cell = string | number | null;

export interface Column {
  title: string;
  /** In characters, for formats that lay out. */
  width: number;
}

/** A table whose rows come as they are read: however many there are, only one page of them is in memory. */
export interface Sheet {
  title: string;
  columns: readonly Column[];
  rows: AsyncIterable<readonly Cell[]>;
}

/** Who asked for it, why, and of which instant it is: on every file (domain cases 154, 155). */
export interface Watermark {
  exportId: string;
  requestedBy: string;
  purpose: string;
  /** In the campus zone, to the second. */
  asOf: string;
  asOfMs: number;
  dates: string;
}

/** In one line, for people. */
export const watermarkText = ({ exportId, requestedBy, purpose, asOf, dates }: Watermark): string =>
  `Rollcall export ${exportId}: ${dates}, as of ${asOf}, for ${requestedBy}: ${purpose}`;

export interface Written {
  rows: number;
}

/** Writes sheets one after the other and ends the stream. */
export type WriteSheets = (
  output: NodeJS.WritableStream,
  sheets: readonly Sheet[],
  watermark: Watermark,
) => Promise<Written>;
