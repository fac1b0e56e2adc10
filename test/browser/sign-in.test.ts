import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useBrowser } from '../support/browser-hooks.js';
import { fakeAccount } from '../support/fake-account.js';
import { FakeCentral } from '../support/fake-central.js';
import { FAKE_NOW, ordinaryCampus } from '../support/fake-central-data.js';
import { lowContrasts, sidewaysOverflow } from '../support/page-audit.js';
import { DEADLINE_MS } from '../support/until.js';

const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 360, height: 740 };
const FIRST_SESSION = '00000000-0000-4000-8000-000000000000';
const PICTURES = process.env['ROLLCALL_SCREENSHOT_DIR'];

let fake: FakeCentral;
let page: Page;

const browser = useBrowser(() => ({ page, fake }));

async function start(prepare: (fake: FakeCentral) => void): Promise<void> {
  fake = await FakeCentral.start(ordinaryCampus());
  prepare(fake);
}

async function open(path = '', options: BrowserContextOptions = {}): Promise<void> {
  const context = await browser().newContext({ viewport: DESKTOP, locale: 'en-IN', ...options });
  page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  await page.clock.install({ time: new Date(FAKE_NOW) });
  await page.goto(fake.url + path);
}

async function keepPicture(name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, name) });
}

const signedOut = (central: FakeCentral): void => {
  central.account = null;
};
const signedInAs = (role: Parameters<typeof fakeAccount>[0]) => (central: FakeCentral) => {
  central.account = fakeAccount(role);
};

async function typeAndSend(): Promise<void> {
  await page.getByLabel('Roll number, faculty code or e-mail').fill('f001');
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.keyboard.press('Enter');
}

describe('the sign-in', () => {
  it('stands before everything, starts in its first field, and leads to the page by keyboard alone', async () => {
    await start(signedOut);
    await open();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate('document.activeElement?.getAttribute("name")')).toBe('login');
    await keepPicture('sign-in.png');
    await typeAndSend();
    await page.getByRole('heading', { name: 'Live attendance' }).waitFor();
    expect(fake.requests.some((url) => url.includes('correct'))).toBe(false);
  });

  it('says what to do after a wrong password, and keeps the login', async () => {
    await start((central) => {
      central.account = null;
      central.signInProblem = { status: 401, code: 'LOGIN_REFUSED', detail: 'no' };
    });
    await open();
    await typeAndSend();
    await page.getByRole('alert').getByText('do not belong together').waitFor();
    expect(await page.getByLabel('Roll number, faculty code or e-mail').inputValue()).toBe('f001');
    expect(await page.getByLabel('Password', { exact: true }).inputValue()).toBe('');
  });

  it('says how long to wait after too many attempts', async () => {
    await start((central) => {
      central.account = null;
      central.signInProblem = { status: 429, code: 'LOGIN_THROTTLED', detail: 'wait' };
    });
    await open();
    await typeAndSend();
    await page.getByRole('alert').getByText('Wait 4 min').waitFor();
  });

  it('asks for both fields before it asks central', async () => {
    await start(signedOut);
    await open();
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').getByText('Fill in both fields').waitFor();
    expect(fake.requests.filter((url) => url.endsWith('login/'))).toEqual([]);
  });

  it('renews an expired token once for all requests, without anybody noticing', async () => {
    await start((central) => {
      central.isTokenExpired = true;
    });
    await open();
    await page.locator('#taps li').first().waitFor();
    expect(fake.requests.filter((url) => url.endsWith('refresh/'))).toHaveLength(1);
  });

  it('insists on an own password where the office set one', async () => {
    await start((central) => {
      central.account = { ...fakeAccount('faculty'), must_change_password: true };
    });
    await open();
    await page.getByText('Choose your own').waitFor();
    await page.getByLabel('Present password').fill('given by the office');
    await page.getByLabel('New password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Save the new password' }).click();
    await page.getByRole('alert').getByText('at least 12').waitFor();
    await page.getByLabel('New password', { exact: true }).fill('a much longer one');
    await page.getByLabel('New password once more').fill('a much longer one');
    await page.getByRole('button', { name: 'Save the new password' }).click();
    await page.getByRole('heading', { name: 'Live attendance' }).waitFor();
  });

  it('leaves nothing of a person on the screen after signing out', async () => {
    await start(signedInAs('faculty'));
    await open();
    await page.getByRole('button', { name: 'Account of Dr Ramesh Rao' }).click();
    await page.getByText('Faculty', { exact: true }).waitFor();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.getByText('Dr Ramesh Rao').count()).toBe(0);
  });

  for (const [language, heading] of [
    ['te', 'సైన్ ఇన్'],
    ['hi', 'साइन इन'],
  ] as const) {
    it(`speaks ${language} on a phone, without sideways scrolling, with enough contrast`, async () => {
      await start(signedOut);
      await open('', {
        viewport: PHONE,
        locale: `${language}-IN`,
        colorScheme: language === 'te' ? 'dark' : 'light',
      });
      await page.getByRole('heading', { name: heading }).waitFor();
      expect(await page.evaluate(sidewaysOverflow)).toEqual([]);
      expect(await page.evaluate(lowContrasts)).toEqual([]);
      await keepPicture(`sign-in-${language}.png`);
    });
  }
});

describe('each role sees only what it may', () => {
  it.each([
    ['admin', true, true, true],
    ['lab_technician', true, false, true],
    ['faculty', true, true, false],
    ['student', true, true, false],
    ['guardian', true, false, false],
  ] as const)('%s', async (role, classes, taps, gateways) => {
    await start(signedInAs(role));
    await open();
    await page.getByRole('heading', { name: 'Live attendance' }).waitFor();
    const shown = async (name: string) =>
      (await page.getByRole('heading', { name, exact: true }).count()) > 0;
    expect([await shown('Classes'), await shown('Who tapped where'), await shown('Gateways')]).toEqual([
      classes,
      taps,
      gateways,
    ]);
    const asked = fake.requests.filter((url) => /\/(gateways|punches)\//.test(url)).join(' ');
    expect(asked.includes('gateways')).toBe(gateways);
    expect(asked.includes('punches')).toBe(taps);
    await keepPicture(`role-${role}.png`);
  });
});

describe('the code on the screen', () => {
  it('is as large as the screen allows, with the code to type and who is there', async () => {
    await start(signedInAs('faculty'));
    await open(`code/${FIRST_SESSION}`);
    const image = page.getByRole('img', { name: 'Scan to be present' });
    await image.waitFor();
    await page.getByText('H7KQ2M').waitFor();
    const box = await image.boundingBox();
    expect(box?.height ?? 0).toBeGreaterThan(DESKTOP.height / 2);
    await keepPicture('code.png');
    expect(await page.evaluate(lowContrasts)).toEqual([]);
  });

  it('is reached from an open class, by those who may show it', async () => {
    await start(signedInAs('faculty'));
    await open();
    await page
      .locator(`[data-session="${FIRST_SESSION}"]`)
      .getByRole('link', { name: 'Show the code' })
      .click();
    await page.getByText('H7KQ2M').waitFor();
  });
});

describe('a scan on a phone', () => {
  it('records with the six characters typed by hand', async () => {
    await start(signedInAs('student'));
    await open('scan', { viewport: PHONE });
    const send = page.getByRole('button', { name: 'I am here' });
    expect(await send.isDisabled()).toBe(true);
    await page.getByLabel('Code on the screen').fill('h7kq2m');
    await keepPicture('scan.png');
    await send.click();
    await page.getByRole('status').getByText('Present', { exact: true }).waitFor();
    await keepPicture('scan-done.png');
    expect(await page.evaluate(sidewaysOverflow)).toEqual([]);
  });

  it('asks for the new code when the one of the camera is too old', async () => {
    await start((central) => {
      central.account = fakeAccount('student');
      central.scanProblem = { status: 409, code: 'QR_EXPIRED', detail: 'expired' };
    });
    await open('scan?t=old', { viewport: PHONE });
    await page.getByRole('button', { name: 'I am here' }).click();
    await page.getByRole('alert').getByText('Scan the new code').waitFor();
    await page.getByRole('button', { name: 'Try another code' }).click();
    await page.getByLabel('Code on the screen').waitFor();
  });

  it('says what a refusal means and how else to be recorded when no place can be found', async () => {
    await start((central) => {
      central.account = fakeAccount('student');
      central.scanProblem = {
        status: 409,
        code: 'LOCATION_REQUIRED',
        detail: 'This class asks for your location.',
      };
    });
    await open('scan?t=x', { viewport: PHONE, permissions: [] });
    await page.getByRole('button', { name: 'Use my location' }).click();
    await page.getByText('The reader at the door and your teacher').waitFor();
    await page.getByRole('button', { name: 'I am here' }).click();
    await page.getByRole('alert').getByText('This class asks for your location.').waitFor();
  });
});
