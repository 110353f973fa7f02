import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { invalidInput } from '../../kernel/errors.ts';
import type { Metrics } from '../../kernel/metrics.ts';
import type { Entry } from '../../kernel/registry.ts';
import { compileValidator } from '../../kernel/validate.ts';
import { createSocketServer } from '../../kernel/web-socket.ts';
import type { LiveClient } from '../../live/client.ts';
import { LONGEST_MESSAGE } from '../../live/talk.ts';
import type { LongCall } from './long-calls.ts';
import { type RelayClock, relay } from './relay.ts';

/** What is spoken over a socket. A client may leave it out, unless it gives its key this way. */
const PROTOCOL = 'thecloud.v1';
const KEY = 'thecloud.key.';
const TENANT = 'thecloud.tenant.';

interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

/** Requests that may become sockets. */
const upgrades = new WeakMap<IncomingMessage, Upgrade>();

/** Which requests are no longer HTTP once they are answered. Any other Upgrade may be left aside (RFC 9110, 7.8). */
export const isUpgrade = (message: IncomingMessage): boolean =>
  message.method === 'GET' && message.headers.upgrade?.toLowerCase() === 'websocket';

export interface Sockets {
  /** Throws INVALID_INPUT for a request that cannot become a socket, before anything is done for it. */
  check(request: FastifyRequest): void;
  /** Joins the client and the worker. A refusal of the worker's is thrown, and answered like any other. */
  answer(
    entry: Entry,
    ticket: string,
    call: LongCall,
    live: LiveClient,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void>;
}

/**
 * Websockets at the door. An upgrade goes the way of every request, through hooks, routes and limits, so that a refusal is an answer with its
 * status and its body; only what is let through to the end becomes a socket.
 *
 * Browsers open sockets from any page. What lets one in is a key in a header or a subprotocol, which the page must know, or the console's
 * session, which counts only for a page of this host (console-session.ts).
 */
export function createSockets(app: FastifyInstance, clock: RelayClock, metrics: Metrics): Sockets {
  const server = createSocketServer({
    maxPayload: LONGEST_MESSAGE,
    // The key that a browser offers beside it is not said back.
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  const checkers = new Map<Entry, (message: unknown) => unknown>();
  const checkerOf = (entry: Entry) => {
    const known = checkers.get(entry) ?? compileValidator(entry.descriptor.messages ?? {});
    checkers.set(entry, known);
    return known;
  };

  app.server.on('upgrade', (message: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => undefined);
    upgrades.set(message, { socket, head });
    takeProtocols(message);
    const response = new ServerResponse(message);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    // Nothing more is read of it: the parser of HTTP has let go.
    response.once('finish', () => socket.destroySoon());
    app.routing(message, response);
  });

  return {
    check(request) {
      const { headers } = request.raw;
      if (!upgrades.has(request.raw)) throw invalidInput('this is a websocket; connect with ws:// or wss://');
      if (headers['sec-websocket-version'] !== '13') throw invalidInput('Sec-WebSocket-Version must be 13');
      if (!/^[+/0-9A-Za-z]{22}==$/.test(headers['sec-websocket-key'] ?? ''))
        throw invalidInput('Sec-WebSocket-Key must be 16 bytes in base64');
      const offered = headers['sec-websocket-protocol'];
      if (offered !== undefined && !protocolsOf(offered).includes(PROTOCOL))
        throw invalidInput(`the subprotocols must include ${PROTOCOL}`);
    },

    async answer(entry, ticket, call, live, request, reply) {
      const worker = await live.socket(ticket, call.signal);
      reply.hijack();
      const { socket, head } = upgrades.get(request.raw)!;
      reply.raw.detachSocket(socket);
      server.once('headers', (headers) => headers.push(`X-Request-Id: ${request.id}`));
      let isOpen = false;
      // All in this turn: the listener above is for this one.
      server.handleUpgrade(request.raw, socket, head, (client) => {
        isOpen = true;
        metrics.request('GET', entry.descriptor.http.path, 101, reply.elapsedTime);
        client.on('error', () => undefined);
        void relay(client, worker, call, clock, checkerOf(entry));
      });
      if (isOpen) return;
      server.removeAllListeners('headers');
      call.end(new Error('the client left'));
    },
  };
}

const protocolsOf = (header: string): readonly string[] => header.split(',').map((one) => one.trim());

/** A page cannot send headers with a socket. What it says in a subprotocol stands where the header would, unless that is there. */
function takeProtocols({ headers }: IncomingMessage): void {
  for (const one of protocolsOf(headers['sec-websocket-protocol'] ?? '')) {
    if (one.startsWith(KEY)) headers['x-api-key'] ??= one.slice(KEY.length);
    if (one.startsWith(TENANT)) headers['x-tenant-id'] ??= one.slice(TENANT.length);
  }
}
