import type { Policy } from '../rules/policy.js';
import { datesBetween, instantOf, plusDays, weekdayOf } from './campus-zone.js';
import { type Group, type Holiday, judgeDay } from './day-rules.js';
import type { Calendar } from './load-calendar.js';
import type { PolicyAt } from './policies.js';
import type { SettingScope } from './settings.js';

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
  /** Of its timetable version: the first day, and the day after the last (domain case 72). */
  versionFrom?: string;
  versionUntil?: string | null;
  /** Set where the timetable counts days instead of weekdays. */
  dayOrder?: number | null;
  groups?: readonly Group[];
  policyScope?: SettingScope;
}

/** A day on which a slot makes no class, and why. */
export interface LeftOut {
  slotId: string;
  date: string;
  reason: string;
  name: string;
}

const NO_CALENDAR: Calendar = { holidaysOn: () => [], dayOf: () => undefined };

export interface PlannedSession {
  slotId: string;
  date: string;
  startMs: number;
  endMs: number;
  reachFromMs: number;
  reachUntilMs: number;
  policy: Policy;
  /** The weekday whose timetable made it, where it is another one than its own (domain case 9). */
  followsWeekday: number | null;
  /** The half-day holiday that it lies in partly (domain case 7). */
  straddles: Holiday | null;
}

export interface Plan {
  sessions: PlannedSession[];
  leftOut: LeftOut[];
}

export interface PlanRequest {
  slots: readonly Slot[];
  /** Campus-local dates, both included. */
  from: string;
  to: string;
  zone: string;
  /** The policy in force at an instant: a class has the one of its start. */
  policyAt: PolicyAt;
  calendar?: Calendar;
}

/**
 * Every class session that the slots mean within the dates, one per slot and day that has its weekday or day
 * order (cases 1, 9), and every one that the calendar leaves out, with the reason (case 3).
 */
export function planSessions(request: PlanRequest): Plan {
  const { slots, from, to, calendar = NO_CALENDAR } = request;
  const plan: Plan = { sessions: [], leftOut: [] };
  for (const date of datesBetween(from, to)) {
    const day = calendar.dayOf(date);
    const holidays = calendar.holidaysOn(date);
    const weekday = day?.followsWeekday ?? weekdayOf(date);
    for (const slot of slots) {
      if (!isOn(slot, date, weekday, day?.dayOrder ?? null)) continue;
      const verdict = judgeDay(
        { ...slot, groups: slot.groups ?? [] },
        day,
        slot.groups === undefined ? [] : holidays,
      );
      if (verdict.kind === 'left_out') {
        plan.leftOut.push({ slotId: slot.id, date, reason: verdict.reason, name: verdict.name });
        continue;
      }
      const session = planSession(slot, date, request);
      plan.sessions.push({
        ...session,
        followsWeekday: day?.followsWeekday ?? null,
        straddles: verdict.kind === 'straddles' ? verdict.holiday : null,
      });
    }
  }
  return plan;
}

function isOn(slot: Slot, date: string, weekday: number, dayOrder: number | null): boolean {
  if (date < slot.periodStartsOn || date > slot.periodEndsOn) return false;
  if (slot.versionFrom !== undefined && date < slot.versionFrom) return false;
  if (slot.versionUntil != null && date >= slot.versionUntil) return false;
  return slot.dayOrder == null ? slot.dayOfWeek === weekday : slot.dayOrder === dayOrder;
}

function planSession(
  slot: Slot,
  date: string,
  { zone, policyAt }: PlanRequest,
): Omit<PlannedSession, 'followsWeekday' | 'straddles'> {
  const startMs = instantOf(date, slot.startTime, zone);
  // A class that ends at or before its start ends on the next day and belongs to the date of its start (case 23).
  const sameDayEndMs = instantOf(date, slot.endTime, zone);
  const endMs = sameDayEndMs > startMs ? sameDayEndMs : instantOf(plusDays(date, 1), slot.endTime, zone);
  const policy = policyAt(startMs, slot.policyScope);
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
