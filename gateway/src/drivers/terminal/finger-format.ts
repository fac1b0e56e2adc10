/** Templates of ZKTeco's matcher; one version does not understand another one's. */
const FAMILY = 'zk-finger-';
const VERSION = /^(?<major>[1-9]\d?)(?:\.(?<minor>\d{1,2}))?$/;
/** Bytes 3 to 6 of every template of version 10, as in the samples of the vendor's PUSH description. */
const MARK_10 = Buffer.from('SS21', 'latin1');
const MARK_AT = 2;

export interface AlgorithmVersion {
  major: number;
  minor: number;
}

/** `10`, `10.0`, `12.3`; undefined for anything else. */
export function parseVersion(text: string | undefined): AlgorithmVersion | undefined {
  const groups = VERSION.exec(text?.trim() ?? '')?.groups;
  if (groups === undefined) return undefined;
  return { major: Number(groups['major']), minor: Number(groups['minor'] ?? 0) };
}

export function formatOf({ major, minor }: AlgorithmVersion): string {
  return `${FAMILY}${major}${minor === 0 ? '' : `.${minor}`}`;
}

/** Undefined for templates of other families. */
export function versionOf(format: string): AlgorithmVersion | undefined {
  return format.startsWith(FAMILY) ? parseVersion(format.slice(FAMILY.length)) : undefined;
}

/** What the template itself says; undefined where it says nothing. */
export function versionInside(record: Uint8Array): AlgorithmVersion | undefined {
  const mark = Buffer.from(record).subarray(MARK_AT, MARK_AT + MARK_10.length);
  return mark.equals(MARK_10) ? { major: 10, minor: 0 } : undefined;
}
