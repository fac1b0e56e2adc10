/** Rejects as soon as the signal is aborted; what is waited for ends by itself. */
export function untilAborted<Result>(found: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    found.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
