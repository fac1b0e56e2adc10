import { closeSync, constants, openSync, readSync } from 'node:fs';
import { RollcallError } from '@rollcall/protocol/errors';

/** One input event device that is grabbed: its events reach nobody else, no console and no desktop. */
export interface EventNode {
  /** What has arrived, whole records; undefined when nothing waits. Throws when the device is gone. */
  read(): Uint8Array | undefined;
  /** Gives the keys back. */
  close(): void;
}

export type OpenEventNode = (path: string) => Promise<EventNode>;

/** `EVIOCGRAB` of linux/input.h, the same on x86, arm and riscv. */
const EVIOCGRAB = 0x40044590;
const EBUSY = 16;
/** Bytes read at once: 64 records, more than one key press has. */
const READ_BYTES = 64 * 24;

/**
 * Opens `/dev/input/event…` and grabs it before a single event is read.
 *
 * @throws RollcallError `PORT_ABSENT`, `PORT_DENIED`, or `PORT_BUSY` when another program has grabbed it.
 */
export const openEventNode: OpenEventNode = async (path) => {
  const { default: koffi } = await import('koffi');
  const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, ...)');
  const fd = open(path);
  if (ioctl(fd, EVIOCGRAB, 'int', 1) < 0) {
    const errno = koffi.errno();
    closeSync(fd);
    throw grabError(path, errno);
  }
  const buffer = Buffer.alloc(READ_BYTES);
  return {
    read: () => {
      try {
        const count = readSync(fd, buffer);
        return count === 0 ? undefined : Uint8Array.from(buffer.subarray(0, count));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
        throw error;
      }
    },
    // The kernel ends the grab with the file.
    close: () => closeSync(fd),
  };
};

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EACCES') {
      throw new RollcallError(
        'PORT_DENIED',
        `This user may not open ${path}; install packaging/99-rollcall.rules, add the user of the service to the group input ("sudo usermod -aG input rollcall") and restart the service`,
        { cause },
      );
    }
    throw new RollcallError(
      'PORT_ABSENT',
      `There is no reader at ${path}; plug it in, or correct "port" in the configuration ("ls -l /dev/input/by-id/" lists what is there)`,
      { cause },
    );
  }
}

function grabError(path: string, errno: number): RollcallError {
  if (errno === EBUSY) {
    return new RollcallError(
      'PORT_BUSY',
      `${path} is grabbed by another program, which has all its keys; find it with "sudo fuser -v ${path}" and stop it`,
    );
  }
  return new RollcallError(
    'PORT_ABSENT',
    `${path} is no keyboard that can be grabbed (error ${errno}); it was left alone, since its keys would also reach the console. Correct "port" in the configuration`,
  );
}
