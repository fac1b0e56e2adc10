import { eachCapture } from './rule.js';

/** A blocked card is no evidence of its owner (domain case 92), and neither is a name that anybody can type. */
export const credentialRule = eachCapture('credential', (capture) => {
  if (capture.outcome === 'blocked') return 'CREDENTIAL_BLOCKED';
  return capture.kind === 'claim' ? 'UNVERIFIED_CLAIM' : undefined;
});
