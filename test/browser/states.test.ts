import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useBrowser } from '../support/browser-hooks.js';
import { FakeCentral } from '../support/fake-central.js';
import {
  at,
  EMPTY_CAMPUS,
  FAKE_NOW,
  fakePunch,
  fakeSession,
  ordinaryCampus,
} from '../support/fake-central-data.js';
import { lowContrasts, sidewaysOverflow, structureProblems } from '../support/page-audit.js';
import { DEADLINE_MS, until } from '../support/until.js';

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };
const FIRST_ROWS = 25;
/** Where the pictures of the README are written to; unset in ordinary runs. */
const PICTURES = process.env['ROLLCALL_SCREENSHOT_DIR'];

let fake: FakeCentral;
let page: Page;
let consoleErrors: string[] = [];

const browser = useBrowser(() => ({ page, fake }));

/** A browser on another continent: whoever shows its time instead of the campus's is found out. */
async function openPage(
  campus = ordinaryCampus(),
  options: BrowserContextOptions = {},
  path = '',
): Promise<void> {
  fake = await FakeCentral.start(campus);
  const context = await browser().newContext({
    viewport: DESKTOP,
    locale: 'en-IN',
    timezoneId: 'America/Los_Angeles',
    ...options,
  });
  page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  consoleErrors = [];
  page.on('console', (message) => {
    if (message.type() === 'error') consoleErrors.push(message.text());
  });
  page.on('pageerror', (error) => consoleErrors.push(String(error)));
  await page.clock.install({ time: new Date(FAKE_NOW) });
  await page.goto(fake.url + path);
}

const rows = () => page.locator('#taps li');
const card = (id: string) => page.locator(`[data-session="${id}"]`);
/** In every language; the card of a class leads to its code, too. */
const rosterLink = (id: string) => card(id).locator('a[href*="session="]');
const FIRST_SESSION = '00000000-0000-4000-8000-000000000000';

async function live(): Promise<void> {
  await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  await rows().first().waitFor();
}

async function keepPicture(name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, name) });
}

describe('what the page shows', () => {
  it('says what is missing where there is nothing yet', async () => {
    await openPage(EMPTY_CAMPUS);
    await page.getByText('No tap yet').waitFor();
    await page.getByText('No class at the moment').waitFor();
    await page.getByText('No gateway is registered').waitFor();
  });

  it('shows times of the campus, not of the browser', async () => {
    await openPage();
    await live();
    expect(await rows().first().locator('time').textContent()).toBe('10:05:36');
    await card(FIRST_SESSION).getByText('10:00–10:50').waitFor();
  });

  it('shows a problem of central in its own words with its code, and recovers', async () => {
    await openPage();
    fake.problem = { status: 422, code: 'REQUEST_INVALID', detail: 'limit must be a number up to 200' };
    await page.reload();
    const alert = page.locator('#taps').getByRole('alert');
    await alert.getByText('limit must be a number up to 200').waitFor();
    await alert.getByText('Code REQUEST_INVALID').waitFor();
    fake.problem = undefined;
    await alert.getByRole('button', { name: 'Try again' }).click();
    await rows().first().waitFor();
  });

  it('keeps old rows beside the problem when a refresh fails', async () => {
    await openPage();
    await live();
    fake.problem = { status: 409, code: 'STALE', detail: 'no' };
    fake.send('resync', {});
    await page.locator('#taps').getByText('This could not be refreshed').waitFor();
    expect(await rows().count()).toBe(FIRST_ROWS);
  });

  it('draws placeholders while central is slow', async () => {
    await openPage(EMPTY_CAMPUS);
    fake.isHolding = true;
    await page.reload();
    await page.getByRole('heading', { name: 'Who tapped where' }).waitFor();
    await page.locator('#taps .mantine-Skeleton-root').first().waitFor();
    expect(await page.getByText('No tap yet').count()).toBe(0);
    fake.campus = ordinaryCampus();
    fake.release();
    await rows().first().waitFor();
  });

  it('names the gateway that is waited for and calls nobody absent', async () => {
    await openPage();
    await live();
    const waiting = card('ended-5');
    await waiting.getByText('Waiting for gateway Block C, last heard 09:34').waitFor();
    expect(await waiting.locator('[data-mark=absent][data-count]').getAttribute('data-count')).toBe('0');
    expect(await waiting.locator('[data-mark=pending][data-count]').getAttribute('data-count')).toBe('14');
  });

  it('tells people what is wrong with a gateway', async () => {
    await openPage();
    const away = page.locator('[data-gateway="gw-block-c"]');
    await away.getByText('87 punches waiting to be sent').waitFor();
    await away.getByText('No connection to the broker').waitFor();
    await away.getByText('Unknown now').waitFor();
    const shaky = page.locator('[data-gateway="gw-block-b"]');
    await shaky.getByText('Not plugged in', { exact: true }).waitFor();
  });
});

describe('what happens while it is open', () => {
  it('shows a tap on top, its mark, and the new counts, without a request', async () => {
    await openPage();
    await live();
    await keepPicture('live-desktop.png');
    const requests = fake.requests.length;
    const student = { roll_number: '24B81A0599', name: 'Kavya Sri' };
    fake.send(
      'punch',
      fakePunch(0, { id: 'new', punch_id: 'new', effective_at: at(0, 2), student, mark: null }),
    );
    await rows().first().getByText('Kavya Sri').waitFor();
    fake.send('record', {
      session_id: FIRST_SESSION,
      student,
      mark: 'late',
      previous_mark: 'pending',
      marked_at: at(0, 2),
      reason: 'LATE',
    });
    const counts = { present: 44, late: 1, absent: 0, excused: 0, pending: 15 };
    fake.send('session', fakeSession(0, { counts }));
    await rows().first().getByText('Late', { exact: true }).waitFor();
    await card(FIRST_SESSION).locator('[data-mark=late][data-count="1"]').waitFor();
    expect(fake.requests.length).toBe(requests);
  });

  it('reads counts again when marks changed and nobody told them', async () => {
    await openPage();
    await live();
    const counts = { present: 45, late: 0, absent: 0, excused: 0, pending: 15 };
    fake.campus.sessions = fake.campus.sessions.map((one) =>
      one.id === FIRST_SESSION ? { ...one, counts } : one,
    );
    const student = { roll_number: '24B81A0599', name: 'Kavya Sri' };
    fake.send('record', {
      session_id: FIRST_SESSION,
      student,
      mark: 'present',
      previous_mark: 'pending',
      marked_at: null,
      reason: '',
    });
    await card(FIRST_SESSION).locator('[data-mark=present][data-count="45"]').waitFor();
  });

  it('holds 200 taps and no more', async () => {
    await openPage(ordinaryCampus(200));
    await live();
    expect(await rows().count()).toBe(FIRST_ROWS);
    const older = page.getByRole('button', { name: /older tap/ });
    while ((await older.count()) > 0) await older.click();
    expect(await rows().count()).toBe(200);
    await page.getByText('These are the latest 200 taps.').waitFor();
    for (let i = 0; i < 30; i += 1) {
      fake.send('punch', fakePunch(0, { id: `n${i}`, punch_id: `n${i}`, effective_at: at(0, 10 + i) }));
    }
    await rows().first().getByText('10:06:19').waitFor();
    expect(await rows().count()).toBe(200);
  });

  it('speaks of many taps in one sentence', async () => {
    await openPage();
    await live();
    for (let i = 0; i < 12; i += 1) {
      const outcome = i < 2 ? 'unknown' : 'recognized';
      fake.send(
        'punch',
        fakePunch(0, { id: `n${i}`, punch_id: `n${i}`, effective_at: at(0, 10 + i), outcome }),
      );
    }
    await rows().first().getByText('10:06:01').waitFor();
    await page.clock.fastForward(20_000);
    await until('the announcement', async () => {
      const said = await page.getByTestId('tap-announcer').textContent();
      return said === '12 new taps, 2 not recognized';
    });
  });

  it('says how old its data is when central dies, and fills the gap when it is back', async () => {
    await openPage();
    await live();
    fake.cutStreams();
    await page.getByText('Reconnecting').waitFor();
    await page.getByText(/Not live. You see what was known at 10:05:\d\d/).waitFor();
    fake.campus.punches = [fakePunch(0, { id: 'missed', punch_id: 'missed', effective_at: at(0, 5) })];
    fake.isStreamDown = false;
    await page.getByRole('button', { name: 'Retry now' }).click();
    await live();
    await rows().first().getByText('10:05:45').waitFor();
    expect(await page.getByText('Not live.').count()).toBe(0);
  });

  it('fetches everything again when central asks for it', async () => {
    await openPage();
    await live();
    fake.campus.punches = [fakePunch(0, { id: 'other', punch_id: 'other', effective_at: at(0, 7) })];
    fake.send('resync', {});
    await rows().first().getByText('10:05:47').waitFor();
  });
});

describe('the roster of a class session', () => {
  it('opens from the card, filters, explains a mark and gives the focus back', async () => {
    await openPage();
    await live();
    const link = rosterLink(FIRST_SESSION);
    await link.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Late 3' }).click();
    await dialog.getByRole('button', { expanded: false }).first().click();
    await dialog.getByText('Late: card at R101 10:05:11; present was possible until 10:05:00.').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await until('the focus is back', () => link.evaluate((element) => element.matches(':focus')));
  });

  it('has an address of its own, and Back closes it', async () => {
    await openPage();
    await live();
    await rosterLink(FIRST_SESSION).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('24B81A0501', { exact: true }).first().waitFor();
    await page.reload();
    await dialog.getByText('24B81A0501', { exact: true }).first().waitFor();
    await page.goBack();
    await dialog.waitFor({ state: 'hidden' });
  });

  it('explains pending as not decided', async () => {
    await openPage(ordinaryCampus(), {}, `?session=${FIRST_SESSION}`);
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Pending 10' }).click();
    await dialog.getByRole('button', { expanded: false }).first().click();
    await dialog.getByText('Not decided: no tap so far.').waitFor();
    expect(await dialog.getByText('Absent:').count()).toBe(0);
  });
});

describe('who can use it', () => {
  it('speaks Telugu and Hindi, and remembers the choice', async () => {
    await openPage();
    await live();
    const language = page.getByRole('combobox');
    await language.selectOption('te');
    await page.getByRole('heading', { name: 'ఎవరు ఎక్కడ ట్యాప్ చేశారు' }).waitFor();
    await card(FIRST_SESSION).getByText('45 నిమిషాలు మిగిలాయి').waitFor();
    await language.selectOption('hi');
    await page.getByRole('heading', { name: 'किसने कहाँ टैप किया' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'किसने कहाँ टैप किया' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('hi');
  });

  it('begins in the language of the browser', async () => {
    await openPage(ordinaryCampus(), { locale: 'te-IN' });
    await page.getByRole('heading', { name: 'తరగతులు', exact: true }).waitFor();
  });

  for (const locale of ['en-IN', 'te-IN', 'hi-IN']) {
    it(`needs no sideways scrolling on a phone (${locale})`, async () => {
      await openPage(ordinaryCampus(), { viewport: PHONE, locale });
      await rows().first().waitFor();
      if (locale === 'en-IN') await keepPicture('live-phone.png');
      expect(await page.evaluate(sidewaysOverflow)).toEqual([]);
      await rosterLink(FIRST_SESSION).click();
      await page.getByRole('dialog').getByText('24B81A0501', { exact: true }).first().waitFor();
      expect(await page.evaluate(sidewaysOverflow)).toEqual([]);
    });
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has enough contrast in ${colorScheme} colors`, async () => {
      await openPage(ordinaryCampus(), { colorScheme, reducedMotion: 'reduce' });
      await live();
      expect(await page.evaluate(lowContrasts)).toEqual([]);
      fake.cutStreams();
      await page.getByText('Not live.').waitFor();
      await rosterLink(FIRST_SESSION).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('button', { expanded: false }).first().click();
      await dialog.getByText('an earlier tap already decided').waitFor();
      expect(await page.evaluate(lowContrasts)).toEqual([]);
    });
  }

  it('switches its colors and remembers them', async () => {
    await openPage();
    await page.getByRole('button', { name: 'Switch to dark colors' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Switch to light colors' }).waitFor();
  });

  it('is built in a way that screen readers understand', async () => {
    await openPage();
    await live();
    expect(await page.evaluate(structureProblems)).toEqual([]);
  });

  it('can be used by keyboard alone, and always shows where one is', async () => {
    await openPage();
    await live();
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the classes');
    const visited: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      const focused = page.locator(':focus');
      const outline = await focused.evaluate((element) => {
        const shown = element.closest('[data-session]') ?? element;
        const read = globalThis as unknown as { getComputedStyle(of: unknown): { outlineStyle: string } };
        return read.getComputedStyle(shown).outlineStyle;
      });
      const name = (await focused.getAttribute('aria-label')) ?? (await focused.textContent()) ?? '';
      expect(outline, name).not.toBe('none');
      visited.push(name);
      await page.keyboard.press('Tab');
    }
    expect(visited).toContain('Language');
    expect(visited).toContain('Roster of Database Systems, CSE-A');
  });

  it('keeps still for those who asked for it', async () => {
    await openPage(ordinaryCampus(), { reducedMotion: 'reduce' });
    await live();
    fake.send('punch', fakePunch(0, { id: 'new', punch_id: 'new', effective_at: at(0, 2) }));
    await page.locator('[data-arrived=true]').waitFor();
    const durationMs = await page.locator('[data-arrived=true]').evaluate((element) => {
      const read = globalThis as unknown as { getComputedStyle(of: unknown): { animationDuration: string } };
      return Number.parseFloat(read.getComputedStyle(element).animationDuration) * 1_000;
    });
    expect(durationMs).toBeLessThan(1);
  });

  it('asks nobody but central, and breaks no rule of its content security policy', async () => {
    await openPage();
    const foreign: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(fake.url)) foreign.push(request.url());
    });
    await page.reload();
    await live();
    expect(foreign).toEqual([]);
    expect(consoleErrors).toEqual([]);
  });
});
