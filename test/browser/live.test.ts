import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { Campus, classIsOpen } from '../support/campus.js';
import { ADMIN } from '../support/seed-file.js';
import { DEADLINE_MS } from '../support/until.js';

/** Start-up of PostgreSQL, central and a gateway on a slow machine. */
const START_TIMEOUT_MS = 180_000;

describe('the Live page of a real campus', () => {
  let campus: Campus;
  let browser: Browser;
  let page: Page;
  let loads = 0;

  beforeAll(async () => {
    campus = await Campus.start({ students: 4 });
    await classIsOpen(campus);
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'en-IN' });
    page.setDefaultTimeout(DEADLINE_MS);
    page.on('load', () => {
      loads += 1;
    });
    await page.goto(campus.central.url);
    await page.getByLabel('Roll number, faculty code or e-mail').fill(ADMIN.login);
    await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
    await page.keyboard.press('Enter');
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await campus?.stop();
  });

  it('shows a tap, its mark and the new counts without reload', async () => {
    const [student] = campus.students;
    if (student === undefined) throw new Error('the campus has no students');
    await page.getByText('No tap yet', { exact: true }).waitFor();
    const card = page.locator('[data-session]');
    await card.locator('[data-mark=pending][data-count="4"]').waitFor();

    expect(await campus.reader().tap(student.uid)).toBe('green');

    const row = page.locator('#taps li').first();
    await row.getByText(student.rollNumber, { exact: true }).waitFor();
    await row.getByText('Recognized').waitFor();
    await row.getByText('Present', { exact: true }).waitFor();
    await card.locator('[data-mark=present][data-count="1"]').waitFor();
    await card.locator('[data-mark=pending][data-count="3"]').waitFor();
    expect(loads).toBe(1);
  });

  it('shows an unknown card as unknown, not as an error', async () => {
    expect(await campus.tapNewCard()).not.toBe('dark');
    const row = page.locator('#taps li').first();
    await row.getByText('Nobody recognized').waitFor();
    await row.getByText('Unknown card').waitFor();
  });

  it('explains the mark from the roster', async () => {
    await page
      .locator('[data-session]')
      .getByRole('link', { name: /^Roster/ })
      .click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Present 1' }).click();
    await dialog.getByRole('button', { expanded: false }).first().click();
    await dialog.getByText(/^Present: card at R101 \d\d:\d\d:\d\d; present was possible until/).waitFor();
    await page.keyboard.press('Escape');
  });

  it('shows the gateway with nothing left to send', async () => {
    await campus.drained();
    const gateway = page.locator(`[data-gateway="${campus.gateway.id}"]`);
    await gateway.getByText('Online').waitFor();
    await gateway.getByText('Nothing waiting to be sent').waitFor();
    await gateway.getByText('Ready', { exact: true }).waitFor();
  });
});
