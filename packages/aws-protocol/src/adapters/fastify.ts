import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AwsServer } from '../server.ts';
import { deferContinue, nodeListener } from './node-http.ts';

/** The part of Fastify that the plug-in needs, so that the package does not depend on Fastify. */
interface FastifyLike {
  readonly server: Pick<EventEmitter, 'on' | 'emit' | 'listenerCount'>;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void,
  ): unknown;
  all(path: string, handler: () => void): unknown;
}
interface FastifyRequestLike {
  readonly raw: IncomingMessage;
}
interface FastifyReplyLike {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/**
 * A Fastify plug-in that serves AWS requests on every path below where it is registered:
 * `app.register(awsPlugin(server))`. Bodies reach the library unread, since signatures cover their bytes.
 */
export function awsPlugin<P>(server: AwsServer<P>): (app: FastifyLike) => Promise<void> {
  const listener = nodeListener(server);
  return async (app) => {
    // For every route of the server: one that reads a body is asked to continue just then. Once, however many plug-ins.
    if (app.server.listenerCount('checkContinue') === 0)
      app.server.on(
        'checkContinue',
        deferContinue((incoming, outgoing) => app.server.emit('request', incoming, outgoing)),
      );
    // Taken before Fastify looks at the Content-Type: S3 keeps any, and Fastify refuses what it cannot parse.
    app.addHook('onRequest', (request, reply) => {
      reply.hijack();
      listener(request.raw, reply.raw as Parameters<typeof listener>[1]);
    });
    app.all('*', () => {});
  };
}
