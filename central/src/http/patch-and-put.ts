import type { Route } from './route.js';

/**
 * The seed's update and partial update (domain A5): both write what the body has and leave the rest, so that a client
 * which sends the whole object back and one which sends the change are served alike.
 */
export const patchAndPut = (patch: Route, putOperationId: string): readonly Route[] => [
  patch,
  { ...patch, contract: { ...patch.contract, method: 'put', operationId: putOperationId } },
];
