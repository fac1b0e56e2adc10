import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { useBrowser } from '../support/browser-hooks.js';
import { FAKE_PENDING_SCAN, FAKE_SCAN, FAKE_SCAN_RECORD, fakeAccount } from '../support/fake-account.js';
import { FakeCentral } from '../support/fake-central.js';
import { FAKE_NOW, ordinaryCampus } from '../support/fake-central-data.js';
import { lowContrasts, sidewaysOverflow } from '../support/page-audit.js';
import { DEADLINE_MS, until } from '../support/until.js';

const PHONE = { width: 360, height: 740 };
const PICTURES = process.env['ROLLCALL_SCREENSHOT_DIR'];
const RECORDED_AT = '10:05:40';
/** When the student had scanned before, and how the page tells it. */
const BEFORE = '2026-11-23T04:32:11.000Z';
const BEFORE_AT = '10:02:11';
/** The page reads the own record no longer than this, and then says that the mark follows. */
const WATCHED_MS = 10_000;

let fake: FakeCentral;
let page: Page;

const browser = useBrowser(() => ({ page, fake }));

type Prepare = (central: FakeCentral) => void;

/** A student has scanned, and central has answered that the scan is stored. */
async function scanned(prepare?: Prepare, options?: BrowserContextOptions): Promise<void> {
  await open(prepare, options);
  await scan();
}

/** The answer to who has scanned before. */
const repeated: Prepare = (central) => {
  central.scan = { ...FAKE_PENDING_SCAN, already_recorded: true, recorded_at: BEFORE };
};

async function open(prepare: Prepare = () => undefined, options: BrowserContextOptions = {}): Promise<void> {
  fake = await FakeCentral.start(ordinaryCampus());
  fake.account = fakeAccount('student');
  fake.scan = FAKE_PENDING_SCAN;
  prepare(fake);
  const context = await browser().newContext({ viewport: PHONE, locale: 'en-IN', ...options });
  page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  await page.clock.install({ time: new Date(FAKE_NOW) });
  await page.goto(`${fake.url}scan?t=x`);
  if (!fake.isStreamDown) await until('the page hears the stream', () => fake.streamCount === 1);
  await page.locator('button[type=submit]').waitFor();
}

async function scan(): Promise<void> {
  await page.locator('button[type=submit]').click();
  await outcome().waitFor();
}

const STATUS = "document.querySelector('main [role=status]')";
const outcome = () => page.locator('main [role=status] [data-mark]');
const marked = (mark: string) => page.locator(`main [role=status] [data-mark=${mark}]`);
const said = async (): Promise<string> => (await outcome().innerText()).replaceAll(/\s*\n\s*/g, ' | ');
const reads = (): number => fake.requests.filter((url) => url.includes('/records/?')).length;
const judge = (): void => fake.send('record', FAKE_SCAN_RECORD);

async function keepPicture(name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: join(PICTURES, name) });
}

describe('a scan that is stored and not judged yet', () => {
  it('is receipted at once, with its time, course and room, and without "Pending"', async () => {
    await scanned();
    expect(await said()).toBe(
      `Recorded at ${RECORDED_AT} | Database Systems, R101 | Your mark appears here in a moment.`,
    );
  });

  it('shows its mark without a tap as soon as the stream tells it', async () => {
    await scanned();
    judge();
    await marked('present').waitFor();
    expect(await said()).toBe(`Present | Recorded at ${RECORDED_AT} | Database Systems, R101`);
    await page.clock.runFor(WATCHED_MS);
    expect(reads()).toBe(0);
  });

  it('does not take the mark of another student for its own', async () => {
    await scanned();
    fake.send('record', { ...FAKE_SCAN_RECORD, mark: 'late', student: { roll_number: 'X', name: 'Y' } });
    judge();
    await marked('present').waitFor();
  });

  it('reads its mark where no stream is there', async () => {
    await scanned((central) => {
      central.isStreamDown = true;
    });
    fake.ownRecords = [FAKE_SCAN_RECORD];
    await page.clock.runFor(WATCHED_MS);
    await marked('present').waitFor();
    expect(await said()).toContain(RECORDED_AT);
  });

  it('stays a receipt that says that the mark follows, and still hears it then', async () => {
    await scanned();
    for (let asked = 1; asked <= 3; asked += 1) {
      await page.clock.runFor(WATCHED_MS / 2);
      await until(`read ${asked}`, () => reads() >= asked);
    }
    await page.getByText('Your mark follows').waitFor();
    expect(await said()).toBe(
      `Recorded at ${RECORDED_AT} | Database Systems, R101 | Your mark follows. You need not scan again.`,
    );
    await page.clock.runFor(WATCHED_MS);
    expect(reads()).toBe(3);
    judge();
    await marked('present').waitFor();
  });

  it('stays a receipt when central answers nothing but errors, or nothing at all', async () => {
    await scanned();
    fake.problem = { status: 503, code: 'DATABASE_UNAVAILABLE', detail: 'no database' };
    await page.clock.runFor(WATCHED_MS / 2);
    await until('a read is refused', () => reads() >= 1);
    fake.problem = undefined;
    fake.isHolding = true;
    await page.clock.runFor(WATCHED_MS / 2);
    await page.getByText('Your mark follows').waitFor();
    expect(await said()).toContain(`Recorded at ${RECORDED_AT} | Database Systems, R101`);
  });

  it('says on a repeat that it was recorded already, and when, and then with which mark (case 111)', async () => {
    await scanned(repeated);
    expect(await said()).toContain(`Already recorded at ${BEFORE_AT} | Database Systems, R101 |`);
    judge();
    await marked('present').waitFor();
    expect(await said()).toBe(`Present | Already recorded at ${BEFORE_AT} | Database Systems, R101`);
  });

  it.each([
    ['a card recorded it: when that was', FAKE_SCAN.marked_at, `Already recorded at ${RECORDED_AT}`],
    ['a person recorded it: no time', null, 'Already recorded'],
  ])('says on a scan after %s (case 111)', async (_whoever, marked_at, receipt) => {
    await scanned((central) => {
      central.scan = { ...FAKE_SCAN, already_recorded: true, recorded_at: null, marked_at };
    });
    expect(await said()).toBe(`Present | ${receipt} | Database Systems, R101`);
  });

  it('is receipted without a time where an older central answers, which tells none', async () => {
    await scanned((central) => {
      central.scan = { ...FAKE_PENDING_SCAN, recorded_at: undefined };
    });
    expect(await said()).toContain('Recorded | Database Systems, R101 |');
  });

  it('tells times of the campus, wherever the phone is', async () => {
    await scanned(repeated, { timezoneId: 'America/New_York' });
    expect(await said()).toContain(`Already recorded at ${BEFORE_AT}`);
  });

  it('is told, with its mark, where a screen reader listens since before the scan', async () => {
    await open();
    await page.evaluate(`${STATUS}.wasThere = true`);
    await scan();
    judge();
    await marked('present').waitFor();
    expect(await page.evaluate(`${STATUS}.wasThere`)).toBe(true);
  });
});

describe.each([
  ['en', 'light'],
  ['hi', 'light'],
  ['te', 'dark'],
] as const)('in %s on a phone', (language, colorScheme) => {
  it('fits, with enough contrast, while the mark is awaited, when it is there and when it follows', async () => {
    await scanned(undefined, { locale: `${language}-IN`, colorScheme });
    await keepAndAudit(`scan-${language}-stored.png`);
    await page.clock.runFor(WATCHED_MS);
    await keepAndAudit(`scan-${language}-follows.png`);
    judge();
    await marked('present').waitFor();
    await keepAndAudit(`scan-${language}-marked.png`);
  });

  it('fits, with enough contrast and the time of the first scan, where it was recorded already', async () => {
    await scanned(repeated, { locale: `${language}-IN`, colorScheme });
    expect(await said()).toContain(BEFORE_AT);
    await keepAndAudit(`scan-${language}-before.png`);
    judge();
    await marked('present').waitFor();
    expect(await said()).toContain(BEFORE_AT);
    await keepAndAudit(`scan-${language}-before-marked.png`);
  });
});

async function keepAndAudit(name: string): Promise<void> {
  await keepPicture(name);
  expect([await page.evaluate(sidewaysOverflow), await page.evaluate(lowContrasts)]).toEqual([[], []]);
}
