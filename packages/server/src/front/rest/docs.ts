import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Registry } from '../../kernel/registry.ts';
import { buildOpenApi } from './openapi.ts';

/** In a bundle the script lies beside the code; in the sources in node_modules. */
function rapidocPath(): string {
  try {
    return createRequire(import.meta.url).resolve('rapidoc/dist/rapidoc-min.js');
  } catch {
    return join(import.meta.dirname, 'rapidoc-min.js');
  }
}

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>The Cloud: API</title><meta name="viewport" content="width=device-width">
<script type="module" src="/docs/rapidoc-min.js"></script></head>
<body><rapi-doc spec-url="/openapi.json" theme="light" render-style="read" show-header="false" allow-server-selection="false"
 primary-color="#0b6bcb" load-fonts="false" regular-font="system-ui" schema-style="table"></rapi-doc></body></html>`;

/** `/openapi.json` and its page `/docs`; everything comes from here, nothing from elsewhere. */
export function addDocs(app: FastifyInstance, registry: Registry): void {
  const document = JSON.stringify(buildOpenApi(registry));
  app.get('/openapi.json', async (request, reply) => {
    request.decided = true;
    return reply.type('application/json').send(document);
  });
  app.get('/docs', async (request, reply) => {
    request.decided = true;
    const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; script-src 'self'";
    return reply.type('text/html').header('content-security-policy', policy).send(PAGE);
  });
  app.get('/docs/rapidoc-min.js', async (request, reply) => {
    request.decided = true;
    return reply.type('text/javascript').header('cache-control', 'max-age=86400').send(createReadStream(rapidocPath()));
  });
}
