import { isCardWithPin, isFinger } from './assurance.js';
import { eachCapture } from './rule.js';

/** Ways of capturing that the college has switched off make no marks (domain A4). */
export const methodRule = eachCapture('method', (capture, { session: { policy } }) => {
  if (isFinger(capture) && !policy.biometric_enabled) return 'METHOD_OFF';
  return (capture.kind === 'card' || isCardWithPin(capture)) && !policy.rfid_enabled
    ? 'METHOD_OFF'
    : undefined;
});
