import type { Policy } from '../rules/policy.js';
import { datesBetween, instantOf, plusDays, weekdayOf } from './campus-zone.js';

const MINUTE_MS = 60_000;
/**
 * Captures this long before the start are judged too, if only to tell the student why they do not count
 * (domain case 27 carries them over for up to 30 minutes). No policy can open earlier than this.
 */
const REACH_BEFORE_START_MINUTES = 30;

/** A weekly slot with the days on which its academic period runs. */
export interface Slot {
  id: string;
  dayOfWeek: number;
  /** Campus-local wall times, `10:00` or `10:00:00`. */
  startTime: string;
  endTime: string;
  periodStartsOn: string;
  periodEndsOn: string;
}

export interface PlannedSession {
  slotId: string;
  date: string;
  startMs: number;
  endMs: number;
  reachFromMs: number;
  reachUntilMs: number;
  policy: Policy;
}

export interface PlanRequest {
  slots: readonly Slot[];
  /** Campus-local dates, both included. */
  from: string;
  to: string;
  zone: string;
  /** The policy in force at an instant: a class has the one of its start. */
  policyAt: (atMs: number) => Policy;
}

/** Every class session that the slots mean within the dates; one per slot and matching weekday (case 1). */
export function planSessions({ slots, from, to, zone, policyAt }: PlanRequest): PlannedSession[] {
  const planned: PlannedSession[] = [];
  for (const date of datesBetween(from, to)) {
    const weekday = weekdayOf(date);
    for (const slot of slots) {
      if (slot.dayOfWeek !== weekday || date < slot.periodStartsOn || date > slot.periodEndsOn) continue;
      planned.push(planSession(slot, date, zone, policyAt));
    }
  }
  return planned;
}

function planSession(
  slot: Slot,
  date: string,
  zone: string,
  policyAt: PlanRequest['policyAt'],
): PlannedSession {
  const startMs = instantOf(date, slot.startTime, zone);
  // A class that ends at or before its start ends on the next day and belongs to the date of its start (case 23).
  const sameDayEndMs = instantOf(date, slot.endTime, zone);
  const endMs = sameDayEndMs > startMs ? sameDayEndMs : instantOf(plusDays(date, 1), slot.endTime, zone);
  const policy = policyAt(startMs);
  return {
    slotId: slot.id,
    date,
    startMs,
    endMs,
    reachFromMs: startMs - Math.max(REACH_BEFORE_START_MINUTES, policy.early_open_minutes) * MINUTE_MS,
    reachUntilMs: endMs + policy.close_grace_minutes * MINUTE_MS,
    policy,
  };
}
