import { mkdirSync, rmSync } from 'node:fs';
import { chmod, chown, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { dirname } from 'node:path';
import { once } from 'node:events';
import { internal, invalidInput, unavailable } from '../kernel/errors.ts';
import type { LiveHandler, LiveHandlers, LiveSocket, LiveStream } from '../kernel/live.ts';
import type { Log } from '../kernel/log.ts';
import type { Samples } from '../kernel/metrics.ts';
import type { Registry } from '../kernel/registry.ts';
import type { Database } from '../kernel/sql/pool.ts';
import type { Ticket } from '../kernel/ticket.ts';
import { createPlaces, PLACES, type Shape } from './places.ts';
import { redeemTicket } from './redeem-ticket.ts';
import { createTalks } from './talk.ts';
import { toCloudError } from './errors.ts';

/** Most callers whose tickets are looked at in one moment. */
const MAX_ARRIVING = 64;

export interface LiveServer {
  /** How many of a shape are under way. */
  open(shape: Shape): number;
  stop(): Promise<void>;
}

const shapeOf = (handler: LiveHandler): Shape => {
  if (typeof handler === 'function') return 'answer';
  if ('read' in handler) return 'reading';
  return 'stream' in handler ? 'stream' : 'socket';
};

/**
 * The worker's side of live calls: one unix socket in a folder that only the API's group may enter. A caller shows a ticket that the
 * database issued for a key; it works once. Nothing else that comes over the socket is believed; without a ticket there are the metrics only.
 */
export async function serveLive(options: {
  readonly socketPath: string;
  readonly handlers: LiveHandlers;
  /** Says what each operation needs. */
  readonly registry: Pick<Registry, 'entries'>;
  readonly database: Database;
  readonly log: Log;
  readonly metrics?: () => Promise<Samples>;
  /** Hears of each change that was written down. */
  readonly onAudited?: (outcome: 'allowed') => void;
}): Promise<LiveServer> {
  const { socketPath, handlers, registry, database, log, metrics, onAudited } = options;
  const places = {
    answer: createPlaces(PLACES.answer),
    reading: createPlaces(PLACES.reading),
    stream: createPlaces(PLACES.stream),
    socket: createPlaces(PLACES.socket),
  };
  const stopping = new AbortController();
  const talks = createTalks(log);
  let arriving = 0;

  /** Who comes, and a place for it. */
  const arrive = async (message: IncomingMessage, isUpgrade: boolean) => {
    if (arriving >= MAX_ARRIVING) throw unavailable(`${MAX_ARRIVING} live calls are arriving`);
    arriving++;
    try {
      const text = message.headers['x-ticket'];
      if (typeof text !== 'string') throw invalidInput('no ticket');
      const redeemed = await database.transaction({ tenantId: '*' }, (sql) => redeemTicket(sql, registry, text));
      if ('refusal' in redeemed) throw redeemed.refusal;
      if (redeemed.audited) onAudited?.('allowed');
      const { ticket } = redeemed;
      const handler = handlers[ticket.operation];
      if (!handler) throw internal(`no live handler for ${ticket.operation}`);
      const shape = shapeOf(handler);
      if ((shape === 'socket') !== isUpgrade)
        throw invalidInput(`${ticket.operation} is ${shape === 'socket' ? 'a' : 'no'} socket`);
      return { ticket, handler, leave: places[shape].take(ticket.tenant_id) };
    } finally {
      arriving--;
    }
  };

  const serve = async (message: IncomingMessage, response: ServerResponse) => {
    if (message.url === '/metrics' && metrics) return answer(response, 200, { data: await metrics() });
    const { ticket, handler, leave } = await arrive(message, false);
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    response.once('close', () => gone.abort(new Error('the caller left')));
    try {
      if (response.destroyed) return;
      if (typeof handler === 'function') answer(response, 200, { data: await handler(ticket, signal) });
      else if ('read' in handler) answer(response, 200, { data: await handler.read(ticket, signal) });
      else await pour(handler as LiveStream, ticket, response, signal);
    } finally {
      leave();
    }
  };

  const pour = async (handler: LiveStream, ticket: Ticket, response: ServerResponse, signal: AbortSignal) => {
    const chunks = await handler.stream(ticket, signal);
    if (signal.aborted) return;
    response.writeHead(200, { 'content-type': 'application/octet-stream' }).flushHeaders();
    for await (const chunk of chunks) {
      if (signal.aborted) return;
      if (!response.write(chunk)) await once(response, 'drain', { signal });
    }
    if (!stopping.signal.aborted) response.end();
  };

  const upgrade = async (message: IncomingMessage, socket: Socket, head: Buffer) => {
    const gone = new AbortController();
    socket.once('close', () => gone.abort(new Error('the caller left')));
    const signal = AbortSignal.any([gone.signal, stopping.signal]);
    const { ticket, handler, leave } = await arrive(message, true);
    try {
      const talk = await (handler as LiveSocket).socket(ticket, signal);
      await talks.hold(message, socket, head, talk, signal);
    } finally {
      // Whatever still runs for it ends now.
      gone.abort(new Error('the talk is over'));
      leave();
    }
  };

  const refuse = (response: ServerResponse, error: unknown) => {
    const shown = toCloudError(error, log);
    // An answer that has begun can only be cut off.
    if (response.headersSent || response.destroyed) return void response.destroy();
    answer(response, shown.status, {
      error: { code: shown.code, message: shown.message, retryAfter: shown.retryAfter },
    });
  };

  const server = createServer((message, response) => {
    message.resume();
    serve(message, response).catch((error: unknown) => refuse(response, error));
  });
  server.on('upgrade', (message: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => undefined);
    upgrade(message, socket, head).catch((error: unknown) => {
      const response = new ServerResponse(message);
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once('finish', () => socket.end());
      refuse(response, error);
    });
  });
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o750 });
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  // The folder's group is the API's: who may enter the folder may connect.
  const folder = await stat(dirname(socketPath));
  await chown(socketPath, folder.uid, folder.gid);
  await chmod(socketPath, 0o660);
  return {
    open: (shape) => places[shape].taken(),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      stopping.abort(new Error('the worker stops'));
      server.closeAllConnections();
      await Promise.all([talks.end(), closed]);
    },
  };
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}
