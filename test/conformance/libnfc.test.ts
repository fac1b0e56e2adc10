import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SimulatedDevice } from '@rollcall/firmware-sim/devices/simulated-device';
import { systemClock } from '@rollcall/protocol/system-clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findNfcProgram, nfcSkipReason, runNfcProgram } from '../support/libnfc.js';

/** What nfc-poll takes to see that a card is gone is up to it. */
const LIST = 'nfc-list';
const POLL = 'nfc-poll';
const CLASSIC = 'nfc-mfclassic';
const DESFIRE = 'mifare-desfire-info';
const READ_DESFIRE = new URL('../support/libfreefare/read-desfire.c', import.meta.url).pathname;
const canCompile = findNfcProgram('gcc') !== undefined && existsSync('/usr/include/freefare.h');
const COMPILE_SKIP = canCompile
  ? ''
  : ' (skipped: no libfreefare to compile with, apt-get install gcc libfreefare-dev)';

let folder: string;
let device: SimulatedDevice | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-libnfc-'));
});

afterEach(async () => {
  await device?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function reader(profile: string): SimulatedDevice {
  device = new SimulatedDevice({
    id: 'reader',
    driver: 'pn532',
    profile,
    linkPath: join(folder, 'reader'),
    clock: systemClock,
  });
  device.start();
  return device;
}

/** Programs that nobody here wrote, on the same simulated chip as our driver. */
describe('the simulated PN532', () => {
  it.skipIf(findNfcProgram(LIST) === undefined).each([
    ['mixed', '4A8D694F', /NFCID1\): 4a 8d 69 4f[\s\S]*SEL_RES\): 08/],
    ['mixed', '04A1B2C3D4E580', /NFCID1\): 04 a1 b2 c3 d4 e5 80[\s\S]*SEL_RES\): 00/],
    ['mixed', '0123456789ABCDEF', /NFCID2\): 01 23 45 67 89 ab cd ef/],
    [
      'desfire-ev2',
      '04112233445566',
      /NFCID1\): 04 11 22 33 44 55 66[\s\S]*SEL_RES\): 20[\s\S]*ATS: 75 77 81 02 80/,
    ],
    ['desfire-random', '04112233445566', /NFCID3\): 08 [\s\S]*SEL_RES\): 20/],
    ['type-b', '01234567', /PUPI: 01 23 45 67/],
  ])(`is read by nfc-list: %s %s${nfcSkipReason(LIST, 'libnfc-bin')}`, async (profile, uid, expected) => {
    const pn532 = reader(profile);
    pn532.hold(uid);
    const said = await runNfcProgram(LIST, pn532.wire.link.path);
    expect(said).toContain('opened');
    expect(said).toMatch(expected);
  });

  it.skipIf(findNfcProgram(LIST) === undefined)(
    `is read by nfc-list without a card${nfcSkipReason(LIST, 'libnfc-bin')}`,
    async () => {
      const said = await runNfcProgram(LIST, reader('mixed').wire.link.path);
      expect(said).toContain('opened');
      expect(said).not.toContain('NFCID');
    },
  );

  it.skipIf(findNfcProgram(POLL) === undefined)(
    `is polled by nfc-poll, which sees the card come and go${nfcSkipReason(POLL, 'libnfc-examples')}`,
    async () => {
      const pn532 = reader('classic');
      pn532.hold('4A8D694F');
      pn532.onReport((event) => {
        // Once it has found the card it asks until it is gone.
        if (event.event === 'sent' && event.hex.includes('D561'))
          pn532.later(300, () => pn532.field.remove());
      });
      const said = await runNfcProgram(POLL, pn532.wire.link.path);
      expect(said).toMatch(/NFCID1\): 4a 8d 69 4f/);
      expect(said).toContain('done.');
    },
  );

  it.skipIf(findNfcProgram(CLASSIC) === undefined)(
    `has a MIFARE Classic that nfc-mfclassic reads whole${nfcSkipReason(CLASSIC, 'libnfc-bin')}`,
    async () => {
      const pn532 = reader('classic');
      pn532.hold('4A8D694F');
      const said = await runNfcProgram(CLASSIC, pn532.wire.link.path, [
        'r',
        'a',
        'u',
        join(folder, 'dump.mfd'),
      ]);
      expect(said).toMatch(/64 of 64 blocks read/);
    },
  );

  it.skipIf(findNfcProgram(DESFIRE) === undefined)(
    `has a DESFire that mifare-desfire-info of libfreefare knows${nfcSkipReason(DESFIRE, 'libfreefare-bin')}`,
    async () => {
      const pn532 = reader('desfire-ev1');
      pn532.hold('04112233445566');
      const said = await runNfcProgram(DESFIRE, pn532.wire.link.path);
      expect(said).toMatch(/UID:\s+0x04112233445566/);
    },
  );

  it.skipIf(!canCompile)(
    `has a DESFire EV1 whose cryptography is that of libfreefare${COMPILE_SKIP}`,
    async () => {
      const pn532 = reader('desfire-ev1');
      pn532.hold('04112233445566');
      const program = join(folder, 'read-desfire');
      execFileSync('gcc', ['-o', program, READ_DESFIRE, '-lfreefare', '-lnfc']);
      const said = await runNfcProgram(program, pn532.wire.link.path);
      expect(said).toContain('authenticated');
      expect(said).toContain('file 1, communication 3: ROLL-2233445566');
      expect(said).toContain('file 2, communication 1: ROLL-2233445566');
      expect(said).toContain('uid 04112233445566');
    },
  );
});
