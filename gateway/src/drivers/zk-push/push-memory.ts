/** What is remembered of a terminal that pushes, over connections and restarts. */
export const MEMORY = {
  logStamp: 'log-stamp',
  operationStamp: 'operation-stamp',
  registryCode: 'registry-code',
  commandId: 'command-id',
  fingerVersion: 'finger-version',
} as const;
