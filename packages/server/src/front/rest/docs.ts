import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import type { Registry } from '../../kernel/registry.ts';
import { buildOpenApi } from './openapi.ts';

const FILES: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'text/javascript',
  'swagger-ui.css': 'text/css',
};

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The Cloud: API</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body>
</html>`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, persistAuthorization: false });`;

/** The page sets styles in place; all else comes from files of ours, and nothing from elsewhere. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/** `/openapi.json` and its page `/docs`. */
export function addDocs(app: FastifyInstance, registry: Registry): void {
  const document = JSON.stringify(buildOpenApi(registry));
  const require = createRequire(import.meta.url);
  const serve = (path: string, type: string, body: () => unknown, headers: Record<string, string> = {}) =>
    app.get(path, async (request, reply) => {
      request.decided = true;
      return reply.type(type).headers(headers).send(body());
    });
  serve('/openapi.json', 'application/json', () => document);
  serve('/docs', 'text/html', () => PAGE, { 'content-security-policy': POLICY });
  serve('/docs/start.js', 'text/javascript', () => START);
  for (const [name, type] of Object.entries(FILES)) {
    // Held once, however many ask for it at a time.
    const content = readFileSync(require.resolve(`swagger-ui-dist/${name}`));
    serve(`/docs/${name}`, type, () => content, {
      'cache-control': 'max-age=86400',
    });
  }
}
