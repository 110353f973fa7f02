import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { CloudError } from '../kernel/errors.ts';
import type { Peer } from '../kernel/live.ts';
import type { Log } from '../kernel/log.ts';
import { closeOf, closeSocket, createSocketServer, messagesOf, sendMessage } from '../kernel/web-socket.ts';
import { toCloudError } from './errors.ts';

/**
 * Longest message either way, in bytes: what a person pastes, or a program reads at once (64 KiB), with room. Of each socket one is held at
 * most, beside what the kernel holds of its connection.
 */
export const LONGEST_MESSAGE = 256 * 1024;

/** Codes of RFC 6455. */
export const CLOSED = { done: 1000, restarts: 1012 } as const;

/** What a socket is closed with when a call fails in the middle: 4000 and the HTTP status that it would have been. */
export const closeCodeOf = (error: CloudError): number => 4000 + error.status;

/** The last message before. */
export const errorMessage = (error: CloudError): string =>
  JSON.stringify({ type: 'error', code: error.code, message: error.message });

/** Sockets at the worker. */
export interface Talks {
  /** Accepts the upgrade and talks until either side is done. */
  hold(
    message: IncomingMessage,
    socket: Socket,
    head: Buffer,
    talk: (peer: Peer) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
  end(): Promise<void>;
}

export function createTalks(log: Log): Talks {
  const server = createSocketServer({ maxPayload: LONGEST_MESSAGE });
  const open = new Set<WebSocket>();
  let isEnding = false;
  return {
    async hold(message, socket, head, talk, signal) {
      let opened: WebSocket | undefined;
      server.handleUpgrade(message, socket, head, (fresh) => {
        opened = fresh;
      });
      // It said what was wrong itself, or the caller has left.
      if (!opened) return;
      const peer = opened;
      peer.on('error', () => undefined);
      open.add(peer);
      try {
        await talk({ messages: messagesOf(peer), send: (text) => sendMessage(peer, text) });
        closeSocket(peer, CLOSED.done, '');
      } catch (error) {
        if (!isEnding && !signal.aborted) await tellFailure(peer, error);
      } finally {
        if (isEnding) closeSocket(peer, CLOSED.restarts, 'the worker stops');
        await closeOf(peer);
        open.delete(peer);
      }
    },
    async end() {
      isEnding = true;
      await Promise.all(
        [...open].map((peer) => {
          closeSocket(peer, CLOSED.restarts, 'the worker stops');
          return closeOf(peer);
        }),
      );
    },
  };

  async function tellFailure(peer: WebSocket, error: unknown): Promise<void> {
    if (peer.readyState !== WebSocket.OPEN) return;
    const shown = toCloudError(error, log);
    await sendMessage(peer, errorMessage(shown)).catch(() => undefined);
    closeSocket(peer, closeCodeOf(shown), `${shown.code}: ${shown.message}`);
  }
}
