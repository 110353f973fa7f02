import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CloudError } from '../../kernel/errors.ts';
import type { Log } from '../../kernel/log.ts';

/** Most bytes of the console's files that are held in memory, compressed copies included: ten times what it has. */
const MOST_BYTES = 32 * 1024 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** Best first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** The console loads its own files and talks to its own host: no script or style stands in a page, and nothing is from elsewhere. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // A terminal copies and pastes.
  'permissions-policy':
    'camera=(), clipboard-read=(self), clipboard-write=(self), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
};

const NOT_BUILT = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The Cloud</title><meta name="viewport" content="width=device-width"></head>
<body><h1>The console is not built</h1>
<p>Restart the platform with <code>npm start</code>, which builds it. If that fails, <code>node scripts/console.mjs</code> in the platform's folder tells why.</p>
<p>The API works without the console: see <a href="/docs">its documentation</a>.</p></body>
</html>`;

interface ConsoleFile {
  readonly type: string;
  readonly etag: string;
  /** By its encoding; '' is the file as it is. */
  readonly bodies: ReadonlyMap<string, Buffer>;
}

/**
 * The web console at /console/: a path that names no file is a page, which the console's script shows. `folder` is what the set-up built; undefined: it
 * could not.
 */
export function addConsole(app: FastifyInstance, folder: string | undefined, log: Log): void {
  const files = folder === undefined ? new Map<string, ConsoleFile>() : readOrNone(folder, log);
  const open = (path: string, answer: (request: FastifyRequest, reply: FastifyReply) => FastifyReply) =>
    app.get(path, async (request, reply) => {
      request.decided = true;
      return answer(request, reply);
    });
  open('/', (_request, reply) => reply.redirect('/console/'));
  open('/robots.txt', (_request, reply) =>
    reply.type('text/plain; charset=utf-8').send('User-agent: *\nDisallow: /\n'),
  );
  open('/console', (request, reply) => {
    const [path, ...query] = request.url.split('?');
    return path === '/console'
      ? reply.redirect(['/console/', ...query].join('?'))
      : serve('index.html', request, reply);
  });
  open('/console/*', (request, reply) => serve((request.params as { '*': string })['*'], request, reply));

  function serve(path: string, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const page = files.get('index.html');
    if (!page) return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT);
    const isAsset = path.startsWith('assets/');
    const file = files.get(path) ?? (isAsset ? undefined : page);
    // A page of an older version asks for its own files: it must notice that they are gone.
    if (!file)
      throw new CloudError('NOT_FOUND', 404, `the console has no file '${path.slice(0, 200)}'; reload the page`);
    reply.headers({ ...HEADERS, etag: file.etag });
    // Its name changes with its content.
    reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
    reply.header('vary', [reply.getHeader('vary'), 'Accept-Encoding'].filter(Boolean).join(', '));
    if (request.headers['if-none-match']?.includes(file.etag)) return reply.code(304).send();
    const encoding = chooseEncoding(file, request.headers['accept-encoding']);
    if (encoding !== '') reply.header('content-encoding', encoding);
    return reply.type(file.type).send(file.bodies.get(encoding));
  }
}

/** The first of ours that the client takes. */
function chooseEncoding({ bodies }: ConsoleFile, accepted = ''): string {
  const taken = new Set(
    accepted
      .toLowerCase()
      .split(',')
      .map((one) => one.replaceAll(/\s/g, ''))
      .filter((one) => !/;q=0(\.0*)?$/.test(one))
      .map((one) => one.split(';')[0]),
  );
  return ENCODINGS.map(([name]) => name).find((name) => bodies.has(name) && taken.has(name)) ?? '';
}

/** A process that starts again later may find its folder damaged: it still serves all else. */
function readOrNone(folder: string, log: Log): ReadonlyMap<string, ConsoleFile> {
  try {
    return readFiles(folder, log);
  } catch (error) {
    log.error({ err: error, folder }, 'the files of the console cannot be read; it is not served');
    return new Map();
  }
}

/** All files, once: a path of a request is looked up, never opened. Without any if they are more than may be held. */
function readFiles(folder: string, log: Log): ReadonlyMap<string, ConsoleFile> {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const bytes = paths.reduce((sum, path) => sum + statSync(path).size, 0);
  if (bytes > MOST_BYTES) {
    log.error({ folder, bytes, most: MOST_BYTES }, 'the console has more bytes than the API holds; it is not served');
    return new Map();
  }
  return new Map(
    paths
      .filter((path) => extname(path) in TYPES)
      .map((path) => [relative(folder, path).replaceAll(sep, '/'), readOne(path)] as const),
  );
}

function readOne(path: string): ConsoleFile {
  const content = readFileSync(path);
  const bodies = new Map([['', content]]);
  for (const [encoding, ending] of ENCODINGS)
    if (existsSync(path + ending)) bodies.set(encoding, readFileSync(path + ending));
  // Weak: its encodings share it.
  const etag = `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
  return { type: TYPES[extname(path)]!, etag, bodies };
}
