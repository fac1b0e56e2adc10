import { inject, vi } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    patienceMs: number;
  }
}

type Options = NonNullable<Parameters<typeof vi.waitFor>[1]>;

// vitest lets the deadline of `expect.poll` be configured, but not that of `vi.waitFor`: one second, which three workers
// on two cores exceed. Test files of one worker may share `vi`.
const { waitFor } = vi;
if (waitFor.name !== 'patientWaitFor') {
  vi.waitFor = function patientWaitFor<T>(callback: () => T | Promise<T>, options: Options = {}): Promise<T> {
    const chosen = typeof options === 'number' ? { timeout: options } : options;
    return waitFor(callback, { timeout: inject('patienceMs'), ...chosen });
  };
}
