import { isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { misdirected } from '../../kernel/errors.ts';

/**
 * Refuses requests to a host name that the platform is not known by. A page can let its own name lead to this machine (DNS rebinding): its
 * script would then be of the same origin as the platform, and a browser would let it read everything. The browser's Host betrays it.
 * Add it before anything else.
 */
export function refuseUnknownHosts(app: FastifyInstance, names: readonly string[]): void {
  const known = new Set(names.map(plainName));
  app.addHook('onRequest', async (request) => {
    for (const host of hostsOf(request))
      if (!isKnown(host, known))
        throw misdirected(
          `this platform is not known as '${host.slice(0, 260)}'; use its address, or add the name to CLOUD_HOSTS`,
        );
  });
}

/** What the client sends, and what a trusted proxy says that a browser asked for. Without a Host (HTTP/1.0) no browser is behind it. */
const hostsOf = (request: FastifyRequest): readonly string[] =>
  [...new Set([request.headers.host, request.host])].filter((host) => host !== undefined && host !== '') as string[];

function isKnown(host: string, known: ReadonlySet<string>): boolean {
  if (/[\s/?#@\\]/.test(host)) return false;
  // As browsers read it: with or without a port, 127.1 is 127.0.0.1.
  const url = URL.parse(`http://${host}`);
  if (!url) return false;
  const name = plainName(url.hostname);
  return isIP(name.replaceAll(/^\[|\]$/g, '')) > 0 || /(^|\.)localhost$/.test(name) || known.has(name);
}

/** `Cloud.Example.com.` is `cloud.example.com`. */
const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');
