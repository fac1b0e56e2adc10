import type { Principal } from '../auth/principal.js';
import type { Actor } from '../sessions/transition.js';

/** Whoever asks, as the one who changes class sessions. */
export const byHand = ({ accountId }: Principal): Actor => ({ performedBy: accountId, source: 'manual' });
