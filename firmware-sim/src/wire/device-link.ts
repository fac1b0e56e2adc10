import { lstatSync, mkdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { RollcallError } from '@rollcall/protocol/errors';

/**
 * The stable path of a simulated device, as udev's by-id link is for a real one: a symlink that is re-pointed
 * when the device comes back under another number.
 */
export class DeviceLink {
  readonly path: string;
  #target: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Points the link at `target` in one step, so that a host never finds half a link. */
  pointTo(target: string): void {
    this.#refuseForeignFile();
    mkdirSync(dirname(this.path), { recursive: true });
    const temporary = `${this.path}.${process.pid}.new`;
    symlinkSync(target, temporary);
    renameSync(temporary, this.path);
    this.#target = target;
  }

  /** Removes the link if it is still ours; another simulator may have taken the path over. */
  remove(): void {
    const target = this.#target;
    this.#target = undefined;
    if (target !== undefined && currentTarget(this.path) === target) unlinkSync(this.path);
  }

  #refuseForeignFile(): void {
    const found = lstatSync(this.path, { throwIfNoEntry: false });
    if (found === undefined || found.isSymbolicLink()) return;
    throw new RollcallError(
      'DEVICE_LINK_TAKEN',
      `${this.path} exists and is not a symbolic link, so it was left alone. Choose another --link path or remove it yourself.`,
    );
  }
}

function currentTarget(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
}
