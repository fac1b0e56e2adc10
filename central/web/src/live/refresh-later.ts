/** Marks come in bursts (a class walks in): one request for all of them. */
const SETTLE_MS = 1_500;

export interface RefreshLaterOptions {
  after(delayMs: number, callback: () => void): () => void;
  /** Class sessions whose marks changed without fresh counts. */
  refreshCounts(): void;
  /** Class sessions whose records have to be read again. */
  refreshRosters(sessionIds: readonly string[]): void;
}

/**
 * A `record` event says that a mark changed; counts and times come from elsewhere. Usually a `session` event
 * with fresh counts follows at once; where none comes, the list is read again.
 */
export class RefreshLater {
  private readonly options: RefreshLaterOptions;
  private readonly uncounted = new Set<string>();
  private readonly rosters = new Set<string>();
  private cancel: (() => void) | undefined;

  constructor(options: RefreshLaterOptions) {
    this.options = options;
  }

  recordChanged(sessionId: string): void {
    this.uncounted.add(sessionId);
    this.rosters.add(sessionId);
    this.cancel ??= this.options.after(SETTLE_MS, () => this.run());
  }

  sessionChanged(sessionId: string): void {
    this.uncounted.delete(sessionId);
  }

  stop(): void {
    this.cancel?.();
    this.cancel = undefined;
  }

  private run(): void {
    this.cancel = undefined;
    if (this.uncounted.size > 0) this.options.refreshCounts();
    this.options.refreshRosters([...this.rosters]);
    this.uncounted.clear();
    this.rosters.clear();
  }
}
