import { ManualClock } from '@rollcall/protocol/manual-clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../db/test-database.js';
import { TestGateway } from '../ingest/test-gateway.js';
import { silentLog } from '../log.js';
import { createRosterPublisher } from './roster-publisher.js';

const REBUILD_MS = 10 * 60_000;
const TOPICS = ['rollcall/v1/gw-a/down/roster', 'rollcall/v1/gw-b/down/roster'];

describe('the roster publisher', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await openTestDatabase();
    for (const id of ['gw-a', 'gw-b']) await new TestGateway(id).register(db.knex);
  });
  afterAll(() => db.close());

  function fixture() {
    const clock = new ManualClock();
    const state = { isReading: true };
    const published: { topic: string; payload: string }[] = [];
    const publisher = createRosterPublisher({
      db,
      clock,
      log: silentLog,
      isReading: () => state.isReading,
      publish: (topic, payload) => void published.push({ topic, payload }),
    });
    const topicsOf = async (act: () => void): Promise<string[]> => {
      const before = published.length;
      act();
      await publisher.idle();
      return published.slice(before).map(({ topic }) => topic);
    };
    return { clock, state, publisher, topicsOf };
  }

  it('tells every gateway when this replica begins to read, however often that happens', async () => {
    const { publisher, topicsOf } = fixture();
    expect(await topicsOf(() => publisher.announce())).toEqual(TOPICS);
    expect(await topicsOf(() => publisher.announce())).toEqual(TOPICS);
    await publisher.stop();
  });

  it('says nothing again on a notification or a timer that changed nothing, and only what is new', async () => {
    const { clock, publisher, topicsOf } = fixture();
    await topicsOf(() => publisher.announce());
    expect(await topicsOf(() => publisher.refresh())).toEqual([]);
    expect(await topicsOf(() => clock.advance(REBUILD_MS))).toEqual([]);
    await db
      .knex('gateway_roster')
      .where({ gateway_id: 'gw-b' })
      .update({ sha256: '0'.repeat(64) });
    expect(await topicsOf(() => publisher.refresh())).toEqual(TOPICS.slice(1));
    await publisher.stop();
  });

  it('leaves the pointers to the replica that reads', async () => {
    const { clock, state, publisher, topicsOf } = fixture();
    state.isReading = false;
    expect(await topicsOf(() => publisher.refresh())).toEqual([]);
    expect(await topicsOf(() => clock.advance(REBUILD_MS))).toEqual([]);
    state.isReading = true;
    expect(await topicsOf(() => publisher.announce())).toEqual(TOPICS);
    await publisher.stop();
  });
});
