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
  /** What was counted in a window that is over, once; `all` ends the present one, too. */
  due(nowMs: number, all?: boolean): Counted[];
}

interface Tally {
  accountId: string | undefined;
  address: string | undefined;
  seen: Set<string>;
  times: Record<string, number>;
}

/** In this process; bounded by the accounts there are, the limits above, and the codes there are. */
export function createRefusalCounts(): RefusalCounts {
  const tallies = new Map<string, Tally>();
  let startMs = 0;
  let addresses = 0;
  let rowsOfAddresses = 0;

  function tallyOf({ accountId, address }: Refused): Tally {
    const isNew = !tallies.has(accountId ?? address);
    const isOneTooMany = isNew && accountId === undefined && addresses >= ADDRESSES_MAX;
    const key = isOneTooMany ? 'elsewhere' : (accountId ?? address);
    const known = tallies.get(key);
    if (known !== undefined) return known;
    const tally: Tally = {
      accountId,
      address: isOneTooMany ? undefined : address,
      seen: new Set(),
      times: {},
    };
    if (accountId === undefined && !isOneTooMany) addresses += 1;
    tallies.set(key, tally);
    return tally;
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
        tally.times[code] = (tally.times[code] ?? 0) + 1;
        return false;
      }
      tally.seen.add(what);
      if (isAnonymous) rowsOfAddresses += 1;
      return true;
    },
    due(nowMs, all = false) {
      // A clock that was set back begins anew, too.
      const isOver = nowMs >= startMs + WINDOW_MS || nowMs < startMs;
      if (!isOver && !all) return [];
      const counted = [...tallies.values()]
        .filter(({ times }) => Object.keys(times).length > 0)
        .map(({ accountId, address, times }) => ({
          accountId,
          address,
          fromMs: startMs,
          untilMs: nowMs,
          times,
        }));
      tallies.clear();
      [startMs, addresses, rowsOfAddresses] = [nowMs, 0, 0];
      return counted;
    },
  };
}
