import { defaultOf, SETTING_KEYS, type SettingKey, specOf } from '@rollcall/central/rules/setting-keys';
import { SCOPE_KINDS } from '@rollcall/central/rules/settings/spec';
import { describe, expect, it } from 'vitest';

describe('the settings of the college', () => {
  // `npm run docs:settings` writes the file.
  it('A10.27: stand in docs/settings.md under the names that are read', async () => {
    await expect(page()).toMatchFileSnapshot('../../docs/settings.md');
  });

  it.each(SETTING_KEYS)('%s has bounds that hold its default, and says what it means', (key) => {
    const spec = specOf(key);
    expect(spec.meaning).toMatch(/^[A-Z].+\.$/);
    expect(spec.whyNotNarrower === undefined).toBe(spec.scopes.length === SCOPE_KINDS.length);
    if (spec.type !== 'integer') return;
    expect(spec.default).toBeGreaterThanOrEqual(spec.min);
    expect(spec.default).toBeLessThanOrEqual(spec.max);
  });
});

function page(): string {
  return [
    '# Settings of the college',
    '',
    'Set over HTTP (`POST /api/v1/attendance/configurations/`), each from an instant on: nothing is overwritten, and a class',
    'that was held keeps the rules it was held by. Unknown keys and values out of bounds are refused. Written by',
    '`npm run docs:settings`; do not edit.',
    '',
    '| key | default | values | may differ by | meaning |',
    '| --- | --- | --- | --- | --- |',
    ...SETTING_KEYS.map(row),
    '',
  ].join('\n');
}

function row(key: SettingKey): string {
  const spec = specOf(key);
  const lab = defaultOf(key, 'lab');
  const other = lab === spec.default ? '' : ` (labs: \`${lab}\`)`;
  const scopes = spec.scopes.join(', ').replace('course_type', 'type of course');
  const scope = spec.whyNotNarrower === undefined ? scopes : `${scopes}: ${spec.whyNotNarrower}`;
  return `| \`${key}\` | \`${spec.default}\`${other} | ${valuesOf(key)} | ${scope} | ${spec.meaning} |`;
}

function valuesOf(key: SettingKey): string {
  const spec = specOf(key);
  if (spec.type === 'boolean') return 'true, false';
  return spec.type === 'integer' ? `${spec.min} to ${spec.max} ${spec.unit}` : spec.form;
}
