/** One report of a code; a long code comes in several. */
export interface PosPart {
  text: string;
  isContinued: boolean;
}

/** Scanned data report of the bar code scanner page (USB-HID note §2). */
const REPORT_ID = 0x02;
const REPORT_BYTES = 64;
const AIM_BYTES = 3;
const AIM_MARK = 0x5d;
/** Where the identifier begins: some models have one more byte before it. */
const AIM_OFFSETS = [2, 3] as const;
/** The data ends before the vendor's own symbology code. */
const DATA_END = 61;
const CONTINUED_AT = 63;

/** Undefined for anything but scanned data. */
export function parsePosReport(report: Uint8Array): PosPart | undefined {
  if (report.length !== REPORT_BYTES || report[0] !== REPORT_ID) return undefined;
  const aimAt = AIM_OFFSETS.find((offset) => report[offset] === AIM_MARK);
  if (aimAt === undefined) return undefined;
  const dataAt = aimAt + AIM_BYTES;
  const length = report[1] ?? 0;
  if (length === 0 || dataAt + length > DATA_END) return undefined;
  return {
    text: Buffer.from(report.subarray(dataAt, dataAt + length)).toString('latin1'),
    isContinued: report[CONTINUED_AT] !== 0,
  };
}
