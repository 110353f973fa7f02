import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeListener } from '../../src/adapters/node-http.ts';
import { AwsServer, type ServerOptions, type Service } from '../../src/index.ts';

export const KEY = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

export interface Running {
  readonly url: string;
  readonly port: number;
  readonly errors: unknown[];
  close(): Promise<void>;
}

/** A server on a free loopback port, with one key; what it thinks is its own fault is collected in `errors`. */
export async function start(
  services: readonly Service<string>[],
  options: Partial<ServerOptions<string>> = {},
): Promise<Running> {
  const errors: unknown[] = [];
  const server = new AwsServer<string>({
    services,
    credentials: (id) =>
      id === KEY.accessKeyId ? { secretAccessKey: KEY.secretAccessKey, principal: 'tester' } : undefined,
    onError: (error) => errors.push(error),
    ...options,
  });
  return listen(createServer(nodeListener(server)), errors);
}

export async function listen(http: Server, errors: unknown[] = []): Promise<Running> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    errors,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
}
