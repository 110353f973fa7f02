import { createServer } from 'node:net';
import type { Settings } from '../config.ts';
import { type Address, SettingsError } from '../setting-readers.ts';

/** Whether a listener could be had there now. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * One clear line before anything is started, instead of a process that dies later.
 * @throws SettingsError when an address of the API is taken or is none of this machine's.
 */
export async function refuseTakenAddresses(settings: Pick<Settings, 'listen' | 'awsListen'>): Promise<void> {
  await refuseTakenAddress('CLOUD_LISTEN', settings.listen);
  if (settings.awsListen) await refuseTakenAddress('CLOUD_AWS_LISTEN', settings.awsListen);
}

async function refuseTakenAddress(setting: string, { host, port }: Address): Promise<void> {
  if (port === 0) return;
  await refuseTaken(`${setting}=${host.includes(':') ? `[${host}]` : host}:${port}`, host, port);
}

/** @throws SettingsError when the port is taken on loopback, where the own cluster listens. */
export async function refuseTakenPgPort(port: number): Promise<void> {
  await refuseTaken(`CLOUD_PG_PORT=${port}`, '127.0.0.1', port);
}

async function refuseTaken(given: string, host: string, port: number): Promise<void> {
  let free: boolean;
  try {
    free = await isFree(host, port);
  } catch (error) {
    throw new SettingsError(
      `${given}: cannot listen there (${error instanceof Error ? error.message : String(error)})`,
    );
  }
  if (!free)
    throw new SettingsError(`${given}: the port is in use; stop the program that uses it, or choose another port`);
}

/** The first free loopback port from `first` on that is not somebody else's to take. */
export async function findFreePort(
  first: number,
  reserved: readonly (number | undefined)[],
  tries = 100,
): Promise<number> {
  for (let port = first; port < first + tries && port <= 65535; port++) {
    if (!reserved.includes(port) && (await isFree('127.0.0.1', port))) return port;
  }
  throw new SettingsError(`no free port on 127.0.0.1 from ${first} to ${first + tries - 1}; set CLOUD_PG_PORT`);
}
