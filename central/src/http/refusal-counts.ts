/** Refusals are counted for so long before their number is written. */
export const WINDOW_MS = 10 * 60_000;
/** Rows of their own for one account in a window: who tries more is known, and only counted. */
export const ROWS_PER_ACCOUNT_MAX = 500;
/** The same for whoever calls from one address without a sign-in … */
export const ROWS_PER_ADDRESS_MAX = 60;
/** … and for all addresses together: a flood comes from many. */
export const ROWS_OF_ADDRESSES_MAX = 300;
/** Addresses that are counted one by one; the others of a window together. */
export const ADDRESSES_MAX = 300;

/** All addresses that are not counted one by one. */
const ELSEWHERE = 'elsewhere';

/** Who was refused: an account or a gateway, or else an address. */
export interface Refused {
  /** Undefined where nobody proved to be anybody. */
  accountId: string | undefined;
  address: string;
}

/** Refusals of one window that have no row of their own. */
export interface Counted {
  accountId: string | undefined;
  /** Undefined: of many addresses. */
  address: string | undefined;
  fromMs: number;
  untilMs: number;
  times: Readonly<Record<string, number>>;
}

export interface RefusalCounts {
  /**
   * Counts one refusal.
   *
   * @param what the same text for the same attempt: it has one row in a window
   * @returns whether it gets a row of its own now
   */
  take(refused: Refused, code: string, what: string | undefined): boolean;
  /** The row that was promised could not be written: it is counted, and the next one like it has a row again. */
  untake(refused: Refused, code: string, what: string): void;
  /** What was {@link due} and could not be written goes on being counted. */
  giveBack(counted: readonly Counted[]): void;
  /** What was counted in a window that is over, once; `all` ends the present one, too. */
  due(nowMs: number, all?: boolean): Counted[];
}

interface Tally {
  accountId: string | undefined;
  address: string | undefined;
  seen: Set<string>;
  times: Record<string, number>;
  /** Where it has counts of earlier windows. */
  fromMs: number | undefined;
}

/** In this process; bounded by the accounts there are, the limits above, and the codes there are. */
export function createRefusalCounts(): RefusalCounts {
  const tallies = new Map<string, Tally>();
  let startMs = 0;
  let addresses = 0;
  let rowsOfAddresses = 0;

  function tallyOf({ accountId, address }: Refused): Tally {
    const isNew = !tallies.has(accountId ?? address);
    const isOneTooMany =
      accountId === undefined && (address === ELSEWHERE || (isNew && addresses >= ADDRESSES_MAX));
    const key = isOneTooMany ? ELSEWHERE : (accountId ?? address);
    const known = tallies.get(key);
    if (known !== undefined) return known;
    const tally: Tally = {
      accountId,
      address: isOneTooMany ? undefined : address,
      seen: new Set(),
      times: {},
      fromMs: undefined,
    };
    if (accountId === undefined && !isOneTooMany) addresses += 1;
    tallies.set(key, tally);
    return tally;
  }

  function add({ times }: Tally, code: string, more: number): void {
    times[code] = (times[code] ?? 0) + more;
  }

  return {
    take(refused, code, what) {
      const tally = tallyOf(refused);
      const isAnonymous = refused.accountId === undefined;
      const rowsMax = isAnonymous ? ROWS_PER_ADDRESS_MAX : ROWS_PER_ACCOUNT_MAX;
      const mayHaveRow =
        what !== undefined &&
        tally.address !== undefined &&
        tally.seen.size < rowsMax &&
        !tally.seen.has(what) &&
        (!isAnonymous || rowsOfAddresses < ROWS_OF_ADDRESSES_MAX);
      if (!mayHaveRow) {
        add(tally, code, 1);
        return false;
      }
      tally.seen.add(what);
      if (isAnonymous) rowsOfAddresses += 1;
      return true;
    },
    untake(refused, code, what) {
      const tally = tallyOf(refused);
      if (tally.seen.delete(what) && refused.accountId === undefined) rowsOfAddresses -= 1;
      add(tally, code, 1);
    },
    giveBack(counted) {
      for (const { accountId, address, fromMs, times } of counted) {
        const tally = tallyOf({ accountId, address: address ?? ELSEWHERE });
        tally.fromMs = Math.min(fromMs, tally.fromMs ?? fromMs);
        for (const [code, more] of Object.entries(times)) add(tally, code, more);
      }
    },
    due(nowMs, all = false) {
      // A clock that was set back begins anew, too.
      const isOver = nowMs >= startMs + WINDOW_MS || nowMs < startMs;
      if (!isOver && !all) return [];
      const counted = [...tallies.values()]
        .filter(({ times }) => Object.keys(times).length > 0)
        .map(({ accountId, address, times, fromMs }) => ({
          accountId,
          address,
          fromMs: fromMs ?? startMs,
          untilMs: nowMs,
          times,
        }));
      tallies.clear();
      [startMs, addresses, rowsOfAddresses] = [nowMs, 0, 0];
      return counted;
    },
  };
}
