/** PostgreSQL's text holds every character but NUL, and only well-formed Unicode. */
const UNSTORABLE = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const UNSTORABLE_ALL = new RegExp(UNSTORABLE, 'g');
const REPLACEMENT = '\ufffd';

/** True when any text inside the value would be refused by PostgreSQL and take its whole transaction along. */
export function hasUnstorableText(value: unknown): boolean {
  if (typeof value === 'string') return UNSTORABLE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => UNSTORABLE.test(key) || hasUnstorableText(inner));
}

/** JSON for a `jsonb` column, with U+FFFD in place of what it cannot hold. */
export function toStorableJson(value: unknown): string {
  return JSON.stringify(makeStorable(value));
}

function makeStorable(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(UNSTORABLE_ALL, REPLACEMENT);
  if (Array.isArray(value)) return value.map(makeStorable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key.replace(UNSTORABLE_ALL, REPLACEMENT),
      makeStorable(inner),
    ]),
  );
}
