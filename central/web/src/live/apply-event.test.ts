import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { KEYS } from '../api/keys.js';
import type { ClassSession, Gateway, RecordEvent, RecordItem } from '../api/types.js';
import { classSession, counts, gateway, instant, punch } from '../fixtures.js';
import { applyEvent } from './apply-event.js';
import type { FeedRow } from './feed.js';

const record: RecordEvent = {
  session_id: 's1',
  student: { roll_number: '24B81A0501', name: 'Lakshmi Prasanna' },
  mark: 'present',
  previous_mark: 'pending',
  marked_at: instant('10:01:00'),
  reason: 'ON_TIME',
};

describe('applyEvent', () => {
  it('adds a tap on top and its mark once it is judged', () => {
    const client = new QueryClient();
    client.setQueryData(KEYS.board, [classSession('s1')]);
    client.setQueryData(KEYS.feed, [punch('a', '10:00:00', { student: null, outcome: 'unknown' })]);
    applyEvent(client, { type: 'punch', data: punch('b', '10:01:00') });
    applyEvent(client, { type: 'record', data: record });
    const rows = client.getQueryData<FeedRow[]>(KEYS.feed);
    expect(rows?.map((row) => [row.id, row.mark, row.arrived])).toEqual([
      ['b', 'present', true],
      ['a', undefined, undefined],
    ]);
  });

  it('takes counts from the class session only, never by adding up marks', () => {
    const client = new QueryClient();
    client.setQueryData(KEYS.board, [classSession('s1', { counts: counts({ pending: 60 }) })]);
    applyEvent(client, { type: 'record', data: record });
    const after = counts({ pending: 59, present: 1 });
    applyEvent(client, { type: 'session', data: classSession('s1', { counts: after }) });
    expect(client.getQueryData<ClassSession[]>(KEYS.board)?.[0]?.counts).toEqual(after);
  });

  it('replaces a gateway, or adds one that was registered meanwhile', () => {
    const client = new QueryClient();
    client.setQueryData(KEYS.fleet, [gateway('gw-a')]);
    applyEvent(client, { type: 'gateway', data: gateway('gw-a', { state: 'offline' }) });
    applyEvent(client, { type: 'gateway', data: gateway('gw-b') });
    const fleet = client.getQueryData<Gateway[]>(KEYS.fleet);
    expect(fleet?.map((one) => [one.id, one.state])).toEqual([
      ['gw-a', 'offline'],
      ['gw-b', 'online'],
    ]);
  });

  it('changes the mark and its time on an open roster', () => {
    const client = new QueryClient();
    const item: RecordItem = {
      id: 'r1',
      session_id: 's1',
      student: record.student,
      mark: 'pending',
      marked_at: null,
      source: 'system',
      reason: 'NO_EVIDENCE',
    };
    client.setQueryData(KEYS.roster('s1'), [item]);
    applyEvent(client, { type: 'record', data: record });
    expect(client.getQueryData<RecordItem[]>(KEYS.roster('s1'))?.[0]).toMatchObject({
      mark: 'present',
      marked_at: record.marked_at,
    });
  });

  it('leaves lists alone that are not loaded yet', () => {
    const client = new QueryClient();
    applyEvent(client, { type: 'punch', data: punch('a', '10:00:00') });
    expect(client.getQueryData(KEYS.feed)).toBeUndefined();
  });
});
