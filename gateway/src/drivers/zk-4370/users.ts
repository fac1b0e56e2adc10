import type { Conversation } from './conversation.js';
import { COMMAND } from './packet.js';
import { parseUser, type RawUser, USER_BYTES } from './records.js';

/** Users among the tables that this command reads. */
const USERS_PARAMETER = 5;
/** Before the users the table has its own length. */
const HEAD_BYTES = 4;

/** What reading and changing users needs of the conversation. */
export type UserConversation = Pick<Conversation, 'ask' | 'readTable'>;

export interface Users {
  users: RawUser[];
  /** Bytes of one of them; undefined of a terminal that has none. */
  size: (typeof USER_BYTES)[number] | undefined;
}

/** @param count how many the terminal says to have: that tells the layout. */
export async function readUsers(conversation: UserConversation, count: number): Promise<Users> {
  const parts: Uint8Array[] = [];
  await conversation.readTable(
    { name: 'its users', table: COMMAND.users, parameter: USERS_PARAMETER },
    async () => 0,
    async (chunk) => void parts.push(chunk),
  );
  const table = Buffer.concat(parts).subarray(HEAD_BYTES);
  const size =
    USER_BYTES.find((bytes) => bytes * count === table.length) ??
    USER_BYTES.find((bytes) => table.length % bytes === 0);
  if (size === undefined || table.length === 0) return { users: [], size: undefined };
  const users = Array.from({ length: table.length / size }, (_, at) =>
    parseUser(table.subarray(at * size, (at + 1) * size)),
  );
  return { users, size };
}
