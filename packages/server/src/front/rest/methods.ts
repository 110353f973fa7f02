import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CloudError, methodNotAllowed } from '../../kernel/errors.ts';

/** Answers for paths and methods that no route has: 404, 405 with Allow, and OPTIONS. Call it before any route is added. */
export function answerUnrouted(app: FastifyInstance): void {
  const known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}/?$`);
    const { methods } = known.get(url) ?? { methods: new Set(['OPTIONS']) };
    for (const one of [method].flat()) methods.add(one);
    known.set(url, { pattern, methods });
  });
  // Before the body is read: it is nobody's.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return answer(request, reply);
  });

  function answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = request.url.split('?')[0]!;
    const methods = [...known.values()].filter(({ pattern }) => pattern.test(path)).flatMap((one) => [...one.methods]);
    const shown = `${request.method} ${path.slice(0, 200)}`;
    if (methods.length === 0) throw new CloudError('NOT_FOUND', 404, `${shown} does not exist; see /docs`);
    const allow = [...new Set(methods)].sort().join(', ');
    reply.header('allow', allow);
    if (request.method !== 'OPTIONS') throw methodNotAllowed(`${shown} does not exist; this path allows ${allow}`);
    request.decided = true;
    return reply.code(204).send();
  }
}
