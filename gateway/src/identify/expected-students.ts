import type { RosterClass } from '@rollcall/protocol/roster';

interface ClassAtDevice {
  fromMs: number;
  untilMs: number;
  students: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

/**
 * Who has class where and when, as far as the roster says: what a person is told at the reader, and whom a search
 * tries first. Never a reason to refuse a punch; marks are decided by central.
 */
export class ExpectedStudents {
  #byDevice = new Map<string, ClassAtDevice[]>();

  replace(classes: readonly RosterClass[]): void {
    const byDevice = new Map<string, ClassAtDevice[]>();
    for (const { device_ids, from, until, student_refs } of classes) {
      const held = { fromMs: Date.parse(from), untilMs: Date.parse(until), students: new Set(student_refs) };
      for (const deviceId of device_ids) {
        const others = byDevice.get(deviceId);
        if (others === undefined) byDevice.set(deviceId, [held]);
        else others.push(held);
      }
    }
    this.#byDevice = byDevice;
  }

  /** Whether classes go on at the device, and none of them is this student's. */
  isElsewhere(deviceId: string, studentRef: string, atMs: number): boolean {
    const classes = this.#at(deviceId, atMs);
    return classes.length > 0 && !classes.some(({ students }) => students.has(studentRef));
  }

  /** Everybody who is expected at the device now: whom a search tries first. */
  studentsAt(deviceId: string, atMs: number): ReadonlySet<string> {
    const [only, ...others] = this.#at(deviceId, atMs);
    if (only === undefined) return NOBODY;
    if (others.length === 0) return only.students;
    return new Set([only, ...others].flatMap(({ students }) => [...students]));
  }

  #at(deviceId: string, atMs: number): ClassAtDevice[] {
    const classes = this.#byDevice.get(deviceId) ?? [];
    return classes.filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs);
  }
}
