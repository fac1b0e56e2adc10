/** Names of what is kept in the query cache. */
export const KEYS = {
  campus: ['campus'],
  feed: ['feed'],
  board: ['board'],
  fleet: ['fleet'],
  rosters: ['roster'],
  roster: (sessionId: string) => ['roster', sessionId],
  explanations: ['explain'],
  explanation: (recordId: string) => ['explain', recordId],
} as const;
