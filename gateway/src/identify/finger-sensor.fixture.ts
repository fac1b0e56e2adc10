import { RollcallError } from '@rollcall/protocol/errors';
import type { EnrollmentOptions, FingerImage, FingerSensor } from '../drivers/finger/sensor.js';
import type { FingerGallery, GalleryEntry } from './finger-gallery.js';

/** A module in memory: slots with opaque records, and what was done to it. */
export class FakeSensor implements FingerSensor {
  readonly templateFormat = 'fake-1';
  matchedBy: 'sensor' | 'gateway' = 'sensor';
  readonly slots = new Map<number, Uint8Array>();
  readonly done: string[] = [];
  expected: readonly number[] | undefined;
  /** Fails with this from now on. */
  failure: RollcallError | undefined;

  readonly identity: string | undefined;
  readonly capacity: number;

  constructor(identity: string | undefined, capacity = 8) {
    this.identity = identity;
    this.capacity = capacity;
  }

  enroll(_slot: number, _options?: EnrollmentOptions): Promise<void> {
    return Promise.reject(new Error('nobody touches a sensor in memory'));
  }

  captureImage(_signal?: AbortSignal): Promise<FingerImage> {
    return Promise.reject(new Error('nobody touches a sensor in memory'));
  }

  async untilLifted(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
  }

  reserve(): () => void {
    this.done.push('reserve');
    return () => this.done.push('give back');
  }

  async exportTemplate(slot: number): Promise<Uint8Array> {
    return this.slots.get(slot) ?? Promise.reject(new RollcallError('NOT_FOUND', `slot ${slot}`));
  }

  async importTemplate(slot: number, template: Uint8Array, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    if (template.length === 0) throw new RollcallError('TEMPLATE_INVALID', 'empty');
    this.done.push(`import ${slot}`);
    this.slots.set(slot, template);
  }

  async deleteTemplate(slot: number): Promise<void> {
    this.done.push(`delete ${slot}`);
    this.slots.delete(slot);
  }

  async deleteAll(): Promise<void> {
    this.done.push('delete all');
    this.slots.clear();
  }

  async occupiedSlots(): Promise<number[]> {
    return [...this.slots.keys()].sort((a, b) => a - b);
  }

  expectOnly(slots: readonly number[] | undefined): void {
    this.expected = slots;
  }
}

/** Templates of students, one each: their bytes are their name. */
export class FakeGallery implements FingerGallery {
  known: GalleryEntry[] | undefined;

  constructor(...students: string[]) {
    this.known = students.map(entry);
  }

  allowed(): ReadonlySet<string> | undefined {
    return this.known && new Set(this.known.map(({ templateId }) => templateId));
  }

  has(templateId: string): boolean {
    return this.allowed()?.has(templateId) === true;
  }

  /** Every finger is a right index finger. */
  positionOf(templateId: string): number | undefined {
    return this.has(templateId) ? 2 : undefined;
  }

  entries(): readonly GalleryEntry[] {
    return this.known ?? [];
  }

  read(templateId: string): Uint8Array {
    return Buffer.from(templateId.startsWith('t-bad') ? '' : templateId);
  }
}

export function entry(studentRef: string): GalleryEntry {
  return { templateId: `t-${studentRef}`, studentRef };
}
