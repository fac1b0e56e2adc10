/**
 * The share of a row of `aggregate_statistics` that every threshold is compared with, as columns `held` and `attended`:
 * credits are part of it (domain cases 73, 141), never beyond what is held.
 */
export const AGGREGATE_SHARE_SQL = `a.held_periods + a.credit_held_periods AS held,
  least(a.attended_periods + a.credit_attended_periods, a.held_periods + a.credit_held_periods) AS attended`;
