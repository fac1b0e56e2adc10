/** Names of what is kept in the query cache. */
export const KEYS = {
  account: ['account'],
  campus: ['campus'],
  code: (sessionId: string) => ['code', sessionId],
  feed: ['feed'],
  board: ['board'],
  fleet: ['fleet'],
  rosters: ['roster'],
  roster: (sessionId: string) => ['roster', sessionId],
  ownMark: (sessionId: string) => ['own-mark', sessionId],
  explanations: ['explain'],
  explanation: (recordId: string) => ['explain', recordId],
} as const;
