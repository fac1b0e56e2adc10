import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { expectGreensArePunches } from '../support/exactly-once.js';
import { PUBLISH } from '../support/mqtt-packets.js';
import { until } from '../support/until.js';

describe('a commit ack that is lost', () => {
  let campus: Campus;
  beforeAll(async () => {
    campus = await Campus.start();
  });
  afterAll(() => campus?.stop());

  it('makes the gateway send again; nothing is stored twice, and the next ack ends it', async () => {
    let lost = 0;
    let sent = 0;
    campus.wire.judge(({ type, topic }, direction) => {
      if (type !== PUBLISH) return 'pass';
      if (direction === 'up' && topic?.includes('/up/punch') === true) sent += 1;
      if (direction !== 'down' || topic?.endsWith('/down/ack') !== true) return 'pass';
      lost += 1;
      return 'drop';
    });
    for (let tap = 0; tap < 10; tap++) expect(await campus.tapNewCard()).toBe('green');
    await until(
      'central has committed every punch',
      async () => (await campus.database.count('punch')) >= campus.greens,
    );
    const sentOnce = sent;
    await until('the gateway has sent some of them again', () => sent > sentOnce && lost > 0);
    const { head, acked } = campus.gateway.outbox();
    expect(acked).toBeLessThan(head);
    campus.wire.judge(undefined);
    await expectGreensArePunches(campus);
  });
});
