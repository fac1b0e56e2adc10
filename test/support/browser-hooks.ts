import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launchBrowser } from './browser.js';
import type { FakeCentral } from './fake-central.js';

/**
 * One browser for all tests of a file; what each has opened is closed after it.
 *
 * @param opened what the test has opened by its end
 * @returns the browser, once the tests run
 */
export function useBrowser(opened: () => { page: Page; fake: FakeCentral }): () => Browser {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    const { page, fake } = opened();
    await page.context().close();
    await fake.stop();
  });
  return () => browser;
}
