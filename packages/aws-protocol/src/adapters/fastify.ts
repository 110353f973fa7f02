import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AwsServer } from '../server.ts';
import { nodeListener } from './node-http.ts';

/** The part of Fastify that the plug-in needs, so that the package does not depend on Fastify. */
interface FastifyLike {
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown;
  removeAllContentTypeParsers(): unknown;
  all(
    path: string,
    handler: (request: { raw: IncomingMessage }, reply: { hijack(): unknown; raw: ServerResponse }) => void,
  ): unknown;
}

/**
 * A Fastify plug-in that serves AWS requests on every path below where it is registered:
 * `app.register(awsPlugin(server))`. Bodies reach the library unread, since signatures cover their bytes.
 */
export function awsPlugin<P>(server: AwsServer<P>): (app: FastifyLike) => Promise<void> {
  const listener = nodeListener(server);
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.all('*', (request, reply) => {
      reply.hijack();
      listener(request.raw, reply.raw as Parameters<typeof listener>[1]);
    });
  };
}
