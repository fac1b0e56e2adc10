/**
 * The only source of time in the project: injected everywhere, so that no test waits and no rule reads a
 * clock of its own.
 */
export interface Clock {
  /** Milliseconds since 1970 UTC; may step in either direction. */
  wallMs(): number;
  /** Milliseconds since an arbitrary origin that is fixed for one boot of the machine; never goes back. */
  monoMs(): number;
  /** Calls back once after the delay in monotonic time; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it is aborted. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
