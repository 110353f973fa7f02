import { isIP, type Socket } from 'node:net';

/** The caller's address: what a trusted proxy says, where that is an address, or else the other end of the connection. */
export function soundAddress(claimed: string | undefined, socket: Socket): string {
  // 45 characters are the longest address; a zone behind it could be of any length.
  return claimed !== undefined && isIP(claimed) && claimed.length <= 45 ? claimed : (socket.remoteAddress ?? 'unknown');
}
