import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Parsed; undefined when there was none. */
  readonly body: unknown;
}

/** What to answer; `destroy` breaks the connection, `hang` never answers. */
export interface FakeAnswer {
  readonly status?: number;
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly nextCursor?: string;
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly destroy?: boolean;
  readonly hang?: boolean;
}

export interface FakeServer {
  readonly endpoint: string;
  readonly seen: SeenRequest[];
  stop(): Promise<void>;
}

/** An HTTP server that speaks the documented envelope and answers what `answer` says: for what a well server never does. */
export async function startFakeServer(
  answer: (request: SeenRequest, nth: number) => FakeAnswer | Promise<FakeAnswer>,
): Promise<FakeServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const url = new URL(message.url!, 'http://server');
    const text = Buffer.concat(chunks).toString('utf8');
    const request = {
      method: message.method!,
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: message.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
    seen.push(request);
    const said = await answer(request, seen.length);
    if (said.hang) return;
    if (said.destroy) return void message.socket.destroy();
    const status = said.status ?? (said.error ? 500 : 200);
    response.writeHead(status, {
      'content-type': said.raw === undefined ? 'application/json' : 'text/plain',
      ...said.headers,
    });
    const meta = {
      request_id: `request-${seen.length}`,
      timestamp: '2026-01-02T03:04:05.000Z',
      ...(said.nextCursor ? { next_cursor: said.nextCursor } : {}),
    };
    if (status === 204) return void response.end();
    const error = said.error && { type: said.error.code, ...said.error };
    response.end(said.raw ?? JSON.stringify(error ? { error, meta } : { data: said.data ?? null, meta }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
