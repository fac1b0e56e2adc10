import { eachCapture } from './rule.js';

/** Another room's capture is kept and shown but makes no mark: wrong room, gate, library (cases 54–56). */
export const roomRule = eachCapture('room', (capture, { session }) =>
  capture.roomId === session.roomId ? undefined : 'WRONG_ROOM',
);
