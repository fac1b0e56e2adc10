import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Campus } from '../support/campus.js';
import { HandGateway, type Row } from '../support/hand-gateway.js';

describe('a row that cannot be understood', () => {
  let campus: Campus;
  let gateway: HandGateway;
  beforeAll(async () => {
    campus = await Campus.prepare();
    gateway = await HandGateway.connect(campus);
  });
  afterAll(async () => {
    await gateway?.close();
    await campus?.stop();
  });

  it('goes to quarantine, is acknowledged with its code, and blocks none of its neighbors', async () => {
    const rows: Row[] = [1, 2, 3, 4, 5].map((seq) => gateway.punch(seq, campus.cards.next('line')));
    rows[2] = { ...gateway.punch(3, campus.cards.next('line')), occurred_at: 'half past nine' };
    await gateway.send(rows);
    const ack = await gateway.acked(5);
    expect(ack.rejected).toEqual([{ seq: 3, code: 'ROW_INVALID' }]);
    const stored = await campus.database.punches();
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 4, 5]);
    const quarantined = await campus.database.rows<{ seq: number; code: string; body: Row }>(
      'SELECT seq::int AS seq, code, body FROM quarantine_row',
    );
    expect(quarantined).toMatchObject([
      { seq: 3, code: 'ROW_INVALID', body: { occurred_at: 'half past nine' } },
    ]);
  });

  it('does not come back when the batch is sent again', async () => {
    const rows: Row[] = [6, 7].map((seq) => gateway.punch(seq, campus.cards.next('line')));
    rows[0] = { seq: 6, nonsense: true };
    await gateway.send(rows);
    await gateway.acked(7);
    await gateway.send(rows);
    await gateway.send([gateway.punch(8, campus.cards.next('line'))]);
    await gateway.acked(8);
    expect(await campus.database.count('quarantine_row', 'seq = 6')).toBe(1);
    expect(await campus.database.count('punch', 'seq IN (7, 8)')).toBe(2);
  });

  it('of an unknown event type is poison too, and the store goes on', async () => {
    const event = { ...gateway.punch(9, campus.cards.next('line')) };
    await gateway.send(
      [
        {
          seq: 9,
          boot_id: event['boot_id'],
          mono_ms: event['mono_ms'],
          occurred_at: event['occurred_at'],
          clock_state: 'synced',
          detail: { type: 'door_opened' },
        },
      ],
      { kind: 'event' },
    );
    expect((await gateway.acked(9)).rejected).toContainEqual({ seq: 9, code: 'ROW_INVALID' });
  });
});
