import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '@rollcall/central/http/app';
import { PAGE_DIRECTORY } from '@rollcall/central/http/page';
import { ROUTES } from '@rollcall/central/http/routes';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { DEADLINE_MS } from '../support/until.js';

/** A picture that ReDoc asks the internet for: refused, and hidden by its style sheet. */
const LOGO = 'https://cdn.redoc.ly/';
const SCAN = 'Records the student who is signed in';

let browser: Browser;
let server: Server;
let url: string;

/** Central's own app with its own headers; the document is public and asks for nothing behind it. */
beforeAll(async () => {
  const context = {
    auth: { authenticate: async () => ({ accountId: null, grants: [] }) },
    rates: { take: async () => undefined },
    idempotency: { once: (_request: unknown, act: () => Promise<unknown>) => act() },
    metrics: { request: () => undefined },
    clock: { monoMs: () => 0 },
    log: { error: () => undefined },
  };
  const app = createApp(ROUTES, context as never, {
    pageDirectory: PAGE_DIRECTORY,
    publicUrls: [],
    trustedProxies: [],
  });
  server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
});

describe('the pages of the interface', () => {
  it.each([
    '/api/docs/',
    '/api/redoc/',
  ])('%s shows the document, from this machine alone and under the content security policy', async (path) => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    const refused: string[] = [];
    const asked = new Set<string>();
    page.on('console', (line) => {
      const isRefusal = /content security policy/i.test(line.text());
      if (isRefusal && !line.text().includes(LOGO)) refused.push(line.text());
    });
    page.on('pageerror', (error) => refused.push(error.message));
    page.on('request', (request) => {
      if (request.url().startsWith('http') && !request.url().startsWith(LOGO))
        asked.add(new URL(request.url()).origin);
    });
    const answer = await page.goto(url + path);
    expect(answer?.status()).toBe(200);
    expect(answer?.headers()['content-security-policy']).toContain("script-src 'self'");
    await page
      .getByText(SCAN)
      .first()
      .waitFor({ state: 'attached', timeout: 2 * DEADLINE_MS });
    await page.waitForLoadState('networkidle');
    expect(refused).toEqual([]);
    expect([...asked]).toEqual([url]);
    await page.context().close();
  });
});
