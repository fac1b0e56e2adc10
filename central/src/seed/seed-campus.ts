import type { Clock } from '@rollcall/protocol/clock';
import { RollcallError } from '@rollcall/protocol/errors';
import { dateAt, plusDays } from '../calendar/campus-zone.js';
import { type Generated, generateSessions } from '../calendar/generate.js';
import { settingsAt } from '../calendar/settings.js';
import type { Database, Knex } from '../db/database.js';
import { wakeJudge } from '../marks/notify.js';
import { cardHmac } from '../people/campus-key.js';
import { replayUnknown } from '../people/replay-unknown.js';
import { type CampusFile, parseCampusFile } from './campus-file.js';
import { provisionGateways } from './provision.js';
import { storeAccounts } from './store-accounts.js';
import { storeCampus } from './store-campus.js';
import { storePeople } from './store-people.js';

/** Any constant, as long as only seeds take it: two at once would see each other's half. */
const SEED_LOCK = 0x726f6c10;
export const ROSTER_CHANNEL = 'rollcall_roster';

export interface SeedRequest {
  db: Pick<Database, 'knex'>;
  clock: Clock;
  campusKey: Buffer;
  /** Keeps the fingers of the file, which needs the data key; a file with some is refused without it. */
  storeFingers?: (trx: Knex, file: CampusFile) => Promise<void>;
  /** The campus file. */
  bytes: Uint8Array;
  /** Where to leave the secrets of the gateways; undefined leaves them alone. */
  provisionDir?: string;
}

export interface Seeded {
  gateways: number;
  devices: number;
  students: number;
  slots: number;
  sessions: Generated;
}

/**
 * Loads a campus file, whole or not at all; again with the same file changes nothing. Then makes the class
 * sessions of today and tomorrow that are not over yet, and has the gateways' rosters published anew.
 *
 * @throws RollcallError `SEED_INVALID`
 */
export async function seedCampus({
  db,
  clock,
  campusKey,
  storeFingers,
  bytes,
  provisionDir,
}: SeedRequest): Promise<Seeded> {
  const nowMs = clock.wallMs();
  const file = await zoned(db.knex, parseCampusFile(bytes), nowMs);
  const today = dateAt(nowMs, file.campus.zone);
  const newHashes: Buffer[] = [];
  const seeded = await db.knex.transaction(async (trx) => {
    await trx.raw('SELECT pg_advisory_xact_lock(?)', [SEED_LOCK]);
    await storeCampus(trx, file);
    newHashes.push(...(await storePeople(trx, { file, hmacHex: cardHmac(campusKey), nowMs })));
    if (file.students.some(({ fingers }) => fingers.length > 0)) {
      if (storeFingers === undefined) throw new RollcallError('SEED_INVALID', 'Fingers need the data key');
      await storeFingers(trx, file);
    }
    await storeAccounts(trx, file, nowMs);
    const gatewayIds = file.gateways.map(({ id }) => id);
    if (provisionDir !== undefined) {
      await provisionGateways(trx, { gatewayIds, directory: provisionDir, campusKey });
    }
    const sessions = await generateSessions(trx, {
      // A class that began yesterday may still run (domain case 23).
      from: plusDays(today, -1),
      to: plusDays(today, 1),
      nowMs,
      endingAfterMs: nowMs,
    });
    await trx.raw("SELECT pg_notify(?, '')", [ROSTER_CHANNEL]);
    await wakeJudge(trx);
    return {
      gateways: gatewayIds.length,
      devices: file.devices.length,
      students: file.students.length,
      slots: file.timetable.length,
      sessions,
    };
  });
  // Cards that were tapped before the office knew whose they are (domain case 91).
  await replayUnknown({ db, clock }, newHashes);
  return seeded;
}

async function zoned(
  knex: Knex,
  file: ReturnType<typeof parseCampusFile>,
  nowMs: number,
): Promise<CampusFile> {
  const { id, zone } = file.campus;
  const known = await knex('campus').where({ id }).first<{ zone: string } | undefined>('zone');
  const { DEFAULT_TIMEZONE: byDefault } = await settingsAt(knex, { atMs: nowMs });
  return { ...file, campus: { ...file.campus, zone: zone ?? known?.zone ?? byDefault } };
}
