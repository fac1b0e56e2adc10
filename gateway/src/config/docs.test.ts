import { expect, it } from 'vitest';
import { renderConfigDocs } from './docs.js';

it('is what docs/configuration.md says', async () => {
  await expect(renderConfigDocs()).toMatchFileSnapshot('../../../docs/configuration.md');
});
