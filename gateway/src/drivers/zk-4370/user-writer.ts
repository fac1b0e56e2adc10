import { RollcallError } from '@rollcall/protocol/errors';
import type { UserChange } from '../user-change.js';
import type { Conversation } from './conversation.js';
import { COMMAND } from './packet.js';
import type { RawUser } from './records.js';
import { readUsers, type Users } from './users.js';

/** Where the count of users is in the answer to `sizes`. */
const USERS_AT = 16;
const FINGERS = 10;
const UID_MAX = 65_534;

/** Changes whom a terminal knows (layouts of pyzk: `set_user`, `delete_user`, `delete_user_template`). */
export class UserWriter {
  readonly #conversation: Conversation;

  constructor(conversation: Conversation) {
    this.#conversation = conversation;
  }

  /** @throws RollcallError `DEVICE_REFUSED` or `DEVICE_TIMEOUT`. */
  async change(change: UserChange): Promise<void> {
    const sizes = await this.#conversation.ask('for its counts', COMMAND.sizes);
    const count =
      sizes === undefined || sizes.length < USERS_AT + 4 ? 0 : Buffer.from(sizes).readUInt32LE(USERS_AT);
    const known = count === 0 ? { users: [], size: undefined } : await readUsers(this.#conversation, count);
    const present = known.users.find(({ user }) => user === change.user);
    if (change.action === 'put') await this.#put(change, known, present);
    else if (present !== undefined && change.action === 'remove') await this.#remove(present);
    else if (present !== undefined) await this.#forgetFingers(present);
    await this.#conversation.ask('to take over what changed', COMMAND.refreshData);
  }

  async #put(
    { user, name }: { user: string; name: string },
    { users, size = 72 }: Users,
    present: RawUser | undefined,
  ): Promise<void> {
    const uid = present?.uid ?? Math.max(0, ...users.map((one) => one.uid)) + 1;
    if (uid > UID_MAX) throw new RollcallError('DEVICE_REFUSED', 'The terminal has no room for another user');
    const record = Buffer.alloc(size);
    record.writeUInt16LE(uid);
    if (size === 72) {
      record.write(name, 11, 24, 'utf8');
      record.writeUInt32LE(present?.card ?? 0, 35);
      record.write(user, 48, 24, 'latin1');
    } else {
      if (!/^\d{1,9}$/.test(user)) {
        throw new RollcallError('DEVICE_REFUSED', 'This terminal takes only digits as a user id');
      }
      record.write(name, 8, 8, 'utf8');
      record.writeUInt32LE(present?.card ?? 0, 16);
      record.writeUInt32LE(Number(user), 24);
    }
    await this.#tell('to take a user', COMMAND.writeUser, record);
  }

  async #remove({ uid }: RawUser): Promise<void> {
    const data = Buffer.alloc(2);
    data.writeUInt16LE(uid);
    await this.#tell('to delete a user', COMMAND.deleteUser, data);
  }

  /** Finger by finger; a finger that is not there is refused, which is as good. */
  async #forgetFingers({ user }: RawUser): Promise<void> {
    for (let finger = 0; finger < FINGERS; finger++) {
      const data = Buffer.alloc(25);
      data.write(user, 0, 24, 'latin1');
      data.writeUInt8(finger, 24);
      await this.#conversation.ask('to delete a finger', COMMAND.deleteFinger, data);
    }
  }

  async #tell(name: string, command: number, data: Uint8Array): Promise<void> {
    if ((await this.#conversation.ask(name, command, data)) !== undefined) return;
    throw new RollcallError('DEVICE_REFUSED', `The terminal refuses ${name}; do it in its menu`);
  }
}
