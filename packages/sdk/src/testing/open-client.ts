import { afterEach, expect } from 'vitest';
import { type Client, type ClientOptions, createClient } from '../index.ts';
import { type FakeAnswer, type FakeServer, type SeenRequest, startFakeServer } from './fake-server.ts';

export const KEY = `thecloud_${'0'.repeat(32)}`;

type Open = (
  answer: (request: SeenRequest, nth: number) => FakeAnswer | Promise<FakeAnswer>,
  options?: Partial<ClientOptions>,
) => Promise<{ client: Client; seen: SeenRequest[] }>;

/** Gives what opens a server and a client of it; the server ends with the test. */
export function clientsOfFakeServers(): Open {
  let server: FakeServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });
  return async (answer, options = {}) => {
    server = await startFakeServer(answer);
    return {
      client: createClient({ endpoint: server.endpoint, apiKey: KEY, retryDelayMs: 5, ...options }),
      seen: server.seen,
    };
  };
}

/** What a call fails with. */
export const failure = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => expect.unreachable('the call succeeded'),
    (error: unknown) => error,
  );
