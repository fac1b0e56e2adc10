import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { templatesFixture } from './engine-threads.fixture.js';
import { createFingerEngine, threadsFor } from './finger-engine.js';
import type { TemplateSeal } from './template-seal.js';

function fixture({ match, hasKey }: { match: string; hasKey: boolean }) {
  const { templates, seal, clock, dataDir } = templatesFixture();
  const cache = join(dataDir, 'finger-gallery.cache');
  writeFileSync(cache, 'of an earlier configuration');
  const key: TemplateSeal | undefined = hasKey ? seal : undefined;
  const engine = createFingerEngine({
    devices: [{ options: { match } }, { options: {} }],
    seal: key,
    store: templates,
    threads: 1,
    dataDir,
    clock,
    log: silentLog,
    onProblem: () => undefined,
    onChange: () => undefined,
  });
  return { engine, cache };
}

it.each([
  { match: 'sensor', hasKey: true },
  { match: 'gateway', hasKey: false },
])('starts nothing with $match and key $hasKey, and says what to write', async (given) => {
  const { engine, cache } = fixture(given);
  engine.start();
  expect(existsSync(cache)).toBe(false);
  expect([engine.health, engine.holdsOthers]).toEqual([undefined, false]);
  const probe = { template: new Uint8Array() };
  await expect(
    engine.matcher.identify(probe, { signal: new AbortController().signal }),
  ).rejects.toMatchObject({
    code: 'FINGER_ENGINE_ABSENT',
    message: expect.stringMatching(/fingers\.template_key_file.*options\.match: sensor/),
  });
  await engine.stop();
});

it('is there where both are, and fills', () => {
  const { engine } = fixture({ match: 'gateway', hasKey: true });
  expect(engine.health).toEqual({ state: 'filling', templates: 0, fingers: 0 });
});

it.each([
  [1, 1],
  [2, 1],
  [4, 3],
  [32, 4],
])('takes of %i processors %i for threads', (processors, threads) => {
  expect(threadsFor(processors)).toBe(threads);
});
