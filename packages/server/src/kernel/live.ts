import { mkdirSync, rmSync } from 'node:fs';
import { chmod, chown, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { Agent, request } from 'undici';
import { EngineError } from './engine-error.ts';
import { CloudError, internal, invalidInput, rateLimited, timedOut, unauthorized, unavailable } from './errors.ts';
import type { Log } from './log.ts';
import type { Samples } from './metrics.ts';
import type { Database } from './sql/pool.ts';
import { redeemTicket, type Ticket } from './ticket.ts';

/** What the worker does for the bearer of a ticket, by operation. The answer is JSON. */
export type LiveHandlers = Readonly<Record<string, (ticket: Ticket) => Promise<unknown>>>;

/** Most calls that the worker serves at once; beyond it they are told to come again. */
const MAX_AT_ONCE = 64;
/** Of these for one tenant; and while half of all are taken, so that a few tenants cannot keep all others out. */
const MAX_PER_TENANT = 16;
const MAX_PER_TENANT_WHEN_BUSY = 4;
/** Longer than the longest command (300 s). */
const CALL_DEADLINE_MS = 330_000;
/** Longest wait for the worker's metrics: who scrapes waits for it. */
const METRICS_DEADLINE_MS = 2_000;

export interface LiveServer {
  stop(): Promise<void>;
}

/**
 * The worker's side of live calls: one unix socket in a folder that only the API's group may enter. A caller shows a ticket that
 * execute() issued; it works once. Nothing else that comes over the socket is believed; without a ticket there are the metrics only.
 */
export async function serveLive(options: {
  readonly socketPath: string;
  readonly handlers: LiveHandlers;
  readonly database: Database;
  readonly log: Log;
  readonly metrics?: () => Promise<Samples>;
}): Promise<LiveServer> {
  const { socketPath, handlers, database, log, metrics } = options;
  let active = 0;
  const activeOf = new Map<string, number>();

  const answer = (response: ServerResponse, status: number, body: unknown) => {
    const text = JSON.stringify(body);
    response
      .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
      .end(text);
  };

  /** One tenant's long commands leave room for the others'. */
  const inTurn = async (ticket: Ticket, handler: LiveHandlers[string]): Promise<unknown> => {
    const its = activeOf.get(ticket.tenant_id) ?? 0;
    const isBusy = [...activeOf.values()].reduce((sum, one) => sum + one, 0) >= MAX_AT_ONCE / 2;
    if (its >= (isBusy ? MAX_PER_TENANT_WHEN_BUSY : MAX_PER_TENANT))
      throw rateLimited(`${its} commands of this tenant are running; wait for one to end`, 5);
    activeOf.set(ticket.tenant_id, its + 1);
    try {
      return await handler(ticket);
    } finally {
      const left = (activeOf.get(ticket.tenant_id) ?? 1) - 1;
      if (left > 0) activeOf.set(ticket.tenant_id, left);
      else activeOf.delete(ticket.tenant_id);
    }
  };

  const serve = async (message: IncomingMessage, response: ServerResponse) => {
    const ticketText = message.headers['x-ticket'];
    if (active >= MAX_AT_ONCE) throw unavailable(`${MAX_AT_ONCE} live calls are under way`);
    active++;
    try {
      if (message.url === '/metrics' && metrics) return answer(response, 200, { data: await metrics() });
      if (typeof ticketText !== 'string') throw invalidInput('no ticket');
      const ticket = await database.transaction({ tenantId: '*' }, (sql) => redeemTicket(sql, ticketText));
      if (!ticket) throw unauthorized('this ticket is unknown, used or expired');
      const handler = handlers[ticket.operation];
      if (!handler) throw internal(`no live handler for ${ticket.operation}`);
      answer(response, 200, { data: await inTurn(ticket, handler) });
    } finally {
      active--;
    }
  };

  const server = createServer((message, response) => {
    message.resume();
    serve(message, response).catch((error: unknown) => {
      const shown = toCloudError(error);
      if (shown.status >= 500) log.warn({ err: error }, 'a live call failed');
      answer(response, shown.status, {
        error: { code: shown.code, message: shown.message, retryAfter: shown.retryAfter },
      });
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
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function toCloudError(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  if (error instanceof EngineError) {
    if (error.kind === 'timeout') return timedOut(error.message);
    if (error.kind === 'unavailable') return new CloudError('ENGINE_UNAVAILABLE', 503, error.message, 10);
    if (error.kind === 'invalid') return invalidInput(error.message);
    return new CloudError('CONFLICT', 409, error.message);
  }
  return internal('the live call failed');
}

export interface LiveClient {
  /** Redeems a ticket at the worker and answers what it did. Throws the worker's error, or UNAVAILABLE when no worker is there. */
  call(ticket: string): Promise<unknown>;
  /** The worker's metrics. Throws UNAVAILABLE when it does not answer within 2 s. */
  metrics(): Promise<Samples>;
  stop(): Promise<void>;
}

/** The API's side. */
export function createLiveClient(socketPath: string): LiveClient {
  const agent = new Agent({
    connect: { socketPath },
    headersTimeout: CALL_DEADLINE_MS,
    bodyTimeout: CALL_DEADLINE_MS,
    connections: MAX_AT_ONCE,
  });
  let active = 0;
  const ask = async (path: string, headers: Record<string, string>, deadlineMs: number): Promise<unknown> => {
    // Beyond its connections undici would queue without bound, and a ticket that waits runs out.
    if (active >= MAX_AT_ONCE) throw unavailable(`${MAX_AT_ONCE} live calls are under way`);
    active++;
    let status: number;
    let body: { data?: unknown; error?: { code: string; message: string; retryAfter?: number } };
    try {
      const answered = await request(`http://worker${path}`, {
        method: 'POST',
        dispatcher: agent,
        headers,
        signal: AbortSignal.timeout(deadlineMs),
      });
      status = answered.statusCode;
      body = (await answered.body.json()) as typeof body;
    } catch {
      throw new CloudError('ENGINE_UNAVAILABLE', 503, 'the worker does not answer; it may be starting', 5);
    } finally {
      active--;
    }
    if (body.error) throw new CloudError(body.error.code, status, body.error.message, body.error.retryAfter);
    return body.data;
  };
  return {
    call: (ticket) => ask('/live', { 'x-ticket': ticket }, CALL_DEADLINE_MS),
    metrics: () => ask('/metrics', {}, METRICS_DEADLINE_MS) as Promise<Samples>,
    // What is under way would hold the end up for as long as a command may run.
    stop: () => agent.destroy(),
  };
}
