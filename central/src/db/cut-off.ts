import { Socket } from 'node:net';

/** Connections of this thread that are open or being made, by the URL of their database. */
const socketsOf = new Map<string, Set<Socket>>();

/** For the driver: the socket of a new connection, which can be cut off. */
export function openSocket(url: string): Socket {
  const socket = new Socket();
  const sockets = socketsOf.get(url) ?? new Set();
  socketsOf.set(url, sockets.add(socket));
  socket.once('close', () => {
    sockets.delete(socket);
    if (sockets.size === 0 && socketsOf.get(url) === sockets) socketsOf.delete(url);
  });
  return socket;
}

/**
 * Ends every connection of this thread to a database at once, whoever made it, as if the network had failed: whatever waits
 * for an answer there fails, and PostgreSQL rolls back what was not committed.
 *
 * @returns how many there were
 */
export function cutOff(url: string): number {
  const sockets = [...(socketsOf.get(url) ?? [])];
  for (const socket of sockets) socket.destroy();
  return sockets.length;
}
