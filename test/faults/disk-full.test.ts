import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { mountSmallDisk, type SmallDisk, whyNoSmallDisk } from '../support/small-disk.js';
import { until } from '../support/until.js';

const DISK_MIB = 8;
const TAPS_MAX = 3_000;
const reason = whyNoSmallDisk();

describe.skipIf(reason !== undefined)(
  `a full disk${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    let campus: Campus;
    let disk: SmallDisk;
    beforeAll(async () => {
      campus = await Campus.prepare();
      // The key made during provisioning moves with the folder.
      disk = mountSmallDisk(join(campus.directory, 'small-disk'), DISK_MIB);
      disk.adopt(campus.gateway.dataDir);
      campus.gateway.moveTo(disk.path);
      await campus.gateway.start();
    });
    afterAll(async () => {
      await campus?.gateway.stop();
      disk?.unmount();
      await campus?.stop();
    });

    const filler = (): string => join(disk.path, 'somebody-elses-file');

    function fill(): void {
      mkdirSync(disk.path, { recursive: true });
      const fd = openSync(filler(), 'a');
      try {
        for (const size of [64 * 1024, 4096, 1]) {
          try {
            for (;;) writeSync(fd, Buffer.alloc(size, 1));
          } catch (error) {
            expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
          }
        }
      } finally {
        closeSync(fd);
      }
      expect(statfsSync(disk.path).bavail).toBe(0);
    }

    /** What the ballast or a checkpoint gives back keeps some punches, until somebody takes that room as well. */
    async function fillUntilRed(): Promise<void> {
      fill();
      let taps = 0;
      while ((await campus.tapNewCard()) === 'green') {
        taps += 1;
        if (taps > TAPS_MAX) throw new Error('the disk is full and every light is green');
        fill();
      }
    }

    it('shows green while the ballast lasts, then red and nothing else', async () => {
      expect(await campus.tapNewCard()).toBe('green');
      await fillUntilRed();
      expect(await campus.tapNewCard()).toBe('red');
      expect(campus.gateway.isRunning).toBe(true);
    });

    it('tells central that it is full', async () => {
      await until('health is critical', async () => {
        const [row] = await campus.database.rows<{ level: string; problems: string[] }>(
          "SELECT health->>'level' AS level, health->'problems' AS problems FROM gateway",
        );
        return row?.level === 'critical' && row.problems.includes('STORE_FULL');
      });
    });

    it('shows green again when there is room, and no red light became a punch', async () => {
      rmSync(filler());
      await until('the gateway takes punches again', async () => (await campus.tapNewCard()) === 'green');
      await expectGreensArePunches(campus);
      const red = campus.taps.filter((tap) => tap.light === 'red').map((tap) => `${tap.readerId} ${tap.uid}`);
      const punched = await campus.punchedCards();
      expect(red.length).toBeGreaterThan(0);
      expect(red.filter((card) => punched.includes(card))).toEqual([]);
    });

    it('keeps nobody from connecting again', async () => {
      fill();
      campus.wire.cut();
      await until('the gateway has connected again', () => campus.wire.open > 0);
      expect(campus.gateway.isRunning).toBe(true);
      rmSync(filler());
    });

    it('keeps nobody from starting, and lights are red until there is room', async () => {
      fill();
      await campus.gateway.kill();
      // What the restart itself frees is not to last.
      rmSync(join(disk.path, 'ballast.bin'), { force: true });
      fill();
      await campus.gateway.start();
      await fillUntilRed();
      rmSync(filler());
      await until('the gateway takes punches again', async () => (await campus.tapNewCard()) === 'green');
      await expectGreensArePunches(campus);
    });
  },
);
