import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { FeedRow } from '../live/feed.js';
import { useLink } from '../live/LiveProvider.js';
import { KEYS } from './keys.js';
import { boardQuery, campusQuery, DEFAULT_ZONE, feedQuery, fleetQuery } from './queries.js';
import type { ClassSession } from './types.js';

export function useCampus() {
  return useQuery(campusQuery());
}

export function useFeed() {
  const client = useQueryClient();
  const { journal } = useLink();
  return useQuery(
    feedQuery(
      journal,
      () => client.getQueryData<ClassSession[]>(KEYS.board) ?? [],
      () => client.getQueryData<FeedRow[]>(KEYS.feed) ?? [],
    ),
  );
}

export function useBoard() {
  const { data } = useCampus();
  return useQuery(boardQuery(useLink().journal, data?.zone ?? DEFAULT_ZONE));
}

export function useFleet() {
  return useQuery(fleetQuery(useLink().journal));
}
