import { lstatSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRollcallError, RollcallError } from '@rollcall/protocol/errors';
import { makeFolder } from '../make-folder.js';

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

  /**
   * Points the link at `target` in one step, so that a host never finds half a link.
   *
   * @throws RollcallError `DEVICE_LINK_TAKEN` for a path that is something else, `DEVICE_LINK_REFUSED` for a
   *   folder that takes no link.
   */
  pointTo(target: string): void {
    const temporary = `${this.path}.${process.pid}.new`;
    try {
      this.#refuseForeignFile();
      makeFolder(dirname(this.path), 0o755);
      symlinkSync(target, temporary);
      renameSync(temporary, this.path);
    } catch (cause) {
      if (isRollcallError(cause)) throw cause;
      throw new RollcallError(
        'DEVICE_LINK_REFUSED',
        `${this.path} cannot be made: ${(cause as Error).message}. Choose a --link path in a folder that you may write to.`,
        { cause },
      );
    }
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
