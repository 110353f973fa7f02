/** Entry for the supervisor's own tests: processes that say who they are and what they were given, and do nothing else. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import type { Config } from '../../config.ts';
import type { Running } from '../../compose/base.ts';
import { newestOf } from '../../kernel/master-keys.ts';
import { runProcess } from '../run-process.ts';

async function listen(config: Config, port: number): Promise<Running> {
  const server = createServer((_request, response) => {
    void describe(config).then(
      (seen) => response.end(JSON.stringify(seen)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, config.listen.host, resolve);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  return {
    addresses: [`http://${address}:${bound}`],
    ended: new Promise(() => undefined),
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function findUser(connectionString: string | undefined): Promise<string | undefined> {
  if (connectionString === undefined) return undefined;
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query<{ current_user: string }>('select current_user');
  await client.end();
  return rows[0]?.current_user;
}

async function describe(config: Config) {
  const urls = [config.databaseUrl, config.operatorDatabaseUrl, config.dataDatabaseUrl];
  return {
    uid: process.getuid?.(),
    databaseUsers: (await Promise.all(urls.map(findUser))).filter((user) => user !== undefined),
    keyHash: createHash('sha256')
      .update(config.masterKeys.get(newestOf(config.masterKeys))!)
      .digest('hex'),
    platformId: config.platformId,
    ownerUrl: config.externalDatabaseUrl,
    environment: Object.keys(process.env),
  };
}

runProcess({
  startApi: (config) => listen(config, config.listen.port),
  startWorker: (config) => listen(config, 0),
});
