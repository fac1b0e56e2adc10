/**
 * More than this in one write to a pty master can spin for ever when the reading side lives in the same process
 * (Linux simulation note §1).
 */
export const PTY_WRITE_BYTES_MAX = 512;
