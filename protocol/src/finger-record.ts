/** The record layouts that are written; reading also knows INCITS 378-2009 and its amendment (protocols §3). */
export const FINGER_RECORD_FORMATS = ['iso2005', 'iso2011', 'incits378'] as const;
export type FingerRecordFormat = (typeof FINGER_RECORD_FORMATS)[number];

/** Bytes of one record: what sixteen full views need, with room for vendors' extensions. */
export const FINGER_RECORD_BYTES_MAX = 64 * 1024;
/** Views of one record. */
export const FINGER_VIEWS_MAX = 16;
/** Minutiae of one view: the count is one byte. */
export const FINGER_MINUTIAE_MAX = 255;
/** Largest coordinate: 14 bits. */
export const FINGER_COORDINATE_MAX = 0x3fff;
/** Pixels per centimeter of 500 dpi, as the standards round it. */
export const PER_CM_AT_500_DPI = 197;

/** A minutia as ISO/IEC 19794-2 means it. */
export interface FingerMinutia {
  /** Pixels from the left and from the top. */
  x: number;
  y: number;
  /** 0..255 in steps of 360/256°, counter-clockwise from the x axis. */
  angle: number;
  /** 0 other, 1 ridge ending, 2 bifurcation. */
  type: 0 | 1 | 2;
  /** 1..100, 0 when not reported. */
  quality: number;
}

export interface FingerView {
  /** 0 unknown, 1–5 right thumb to little finger, 6–10 left. */
  position: number;
  /** 0 live plain; see ISO/IEC 19794-2 for the others. */
  impression: number;
  /** 0..100. */
  quality: number;
  width: number;
  height: number;
  /** Pixels per centimeter. */
  resolutionX: number;
  resolutionY: number;
  minutiae: FingerMinutia[];
}

export interface FingerRecord {
  views: FingerView[];
}

/**
 * ANSI stores 2° steps, ISO 360/256°. Half a step goes to the even side, as in the worked records (protocols §6): 45° is
 * 22, 135° is 68. A whole turn is none.
 */
export function toAnsiAngle(angle: number): number {
  const steps = (angle * 360) / 256 / 2;
  const down = Math.floor(steps);
  const isUp = steps - down > 0.5 || (steps - down === 0.5 && down % 2 === 1);
  return (isUp ? down + 1 : down) % 180;
}

export function fromAnsiAngle(angle: number): number {
  return Math.floor((angle * 2 * 256) / 360 + 0.5) % 256;
}
