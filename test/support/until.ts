/** Deadlines only matter when something is broken: a busy machine must never turn a test red. */
export const DEADLINE_MS = 60_000;
const PROBE_EVERY_MS = 25;

export interface UntilOptions {
  deadlineMs?: number;
  /** Between two questions; longer where each of them counts against a limit of requests. */
  everyMs?: number;
  /** Called when the deadline has passed: what a human needs to see. */
  describe?: () => string;
}

/** Asks again and again until the answer is neither undefined nor false; fails with the question in words. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { deadlineMs = DEADLINE_MS, everyMs = PROBE_EVERY_MS, describe }: UntilOptions = {},
): Promise<T> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > endMs) {
      throw new Error(
        `${what}: not within ${deadlineMs / 1000} s${describe === undefined ? '' : `\n${describe()}`}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Fails with the text when the promise does not settle before the deadline. */
export async function within<T>(what: string, promise: Promise<T>, options: UntilOptions = {}): Promise<T> {
  const { deadlineMs = DEADLINE_MS, describe } = options;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new Error(
          `${what}: not within ${deadlineMs / 1000} s${describe === undefined ? '' : `\n${describe()}`}`,
        ),
      );
    }, deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
