import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { FeedRow } from '../live/feed.js';
import { useLink } from '../live/LiveProvider.js';
import { useMay } from './account.js';
import { KEYS } from './keys.js';
import { boardQuery, campusQuery, DEFAULT_ZONE, feedQuery, fleetQuery } from './queries.js';
import type { ClassSession } from './types.js';

export function useCampus() {
  return useQuery(campusQuery());
}

/** As all lists, asked for only by who may see it: others would be refused again and again. */
export function useFeed() {
  const client = useQueryClient();
  const { journal } = useLink();
  const isEnabled = useMay('evidence.read');
  const query = feedQuery(
    journal,
    () => client.getQueryData<ClassSession[]>(KEYS.board) ?? [],
    () => client.getQueryData<FeedRow[]>(KEYS.feed) ?? [],
  );
  return useQuery({ ...query, enabled: isEnabled });
}

export function useBoard() {
  const { data } = useCampus();
  const isEnabled = useMay('sessions.read');
  return useQuery({ ...boardQuery(useLink().journal, data?.zone ?? DEFAULT_ZONE), enabled: isEnabled });
}

export function useFleet() {
  const isEnabled = useMay('devices.read');
  return useQuery({ ...fleetQuery(useLink().journal), enabled: isEnabled });
}
