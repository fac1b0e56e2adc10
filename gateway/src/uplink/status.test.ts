import { statusSchema } from '@rollcall/protocol/status';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../log.js';
import { storeFixture } from '../store/store.fixture.js';
import { Greetings } from './status.js';

function greetingsOf({ store, stamp }: ReturnType<typeof storeFixture>): Greetings {
  return new Greetings({ stamp, software: '0.1.0', meta: store.meta, log: silentLog });
}
const sessionOf = (text: string): number => statusSchema.parse(JSON.parse(text)).session;

describe('birth and will', () => {
  it('share a session that grows with every connection, over restarts too', () => {
    const fixture = storeFixture();
    const { birth, will } = greetingsOf(fixture).next();
    expect([sessionOf(birth), sessionOf(will)]).toEqual([1, 1]);
    const afterRestart = greetingsOf(fixture);
    expect([sessionOf(afterRestart.next().birth), sessionOf(afterRestart.next().birth)]).toEqual([2, 3]);
  });

  it('are said on a full disk too, each connection under its own session', () => {
    const fixture = storeFixture();
    const { db } = fixture.store;
    const greetings = greetingsOf(fixture);
    greetings.next();
    db.exec('CREATE TABLE filler (body BLOB)');
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`);
    expect(() => db.exec('INSERT INTO filler VALUES (zeroblob(100000))')).toThrow(/full/);
    db.exec(
      'CREATE TRIGGER no_room BEFORE UPDATE ON meta BEGIN INSERT INTO filler VALUES (zeroblob(100000)); END',
    );
    expect([sessionOf(greetings.next().birth), sessionOf(greetings.next().birth)]).toEqual([2, 3]);
  });
});
