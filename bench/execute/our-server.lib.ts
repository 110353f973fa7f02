/** The API as it is, all guards of production on. */
import { loadSettings } from '../../packages/server/src/config.ts';
import { startApi } from '../../packages/server/src/compose/api.ts';

const { databaseUrl, dataDir } = JSON.parse(process.argv[2]!) as { databaseUrl: string; dataDir: string };
const settings = loadSettings({
  CLOUD_DATA_DIR: dataDir,
  CLOUD_RATE_LIMIT: '1000000',
  CLOUD_AUTH_RATE_LIMIT: '1000',
  CLOUD_LISTEN: '127.0.0.1:0',
  CLOUD_AWS_LISTEN: 'off',
});
const api = await startApi({
  ...settings,
  databaseUrl,
  operatorDatabaseUrl: databaseUrl,
  dataDatabaseUrl: databaseUrl,
  masterKeys: new Map([[1, new Uint8Array(32)]]),
  platformId: '000000000000',
  smtpUrl: undefined,
  engine: { available: false, reason: 'bench' },
});
process.send?.({ address: api.addresses[0] });
process.once('disconnect', () => process.exit());
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
