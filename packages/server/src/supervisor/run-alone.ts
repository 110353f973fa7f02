import type { ApiConfig, Config, Settings } from '../config.ts';
import { checkExternalDatabase, explainDatabaseRefusal } from './check-database.ts';
import { urlsOfLoneApi } from './database-roles.ts';
import { lookForEngine } from './engine.ts';
import { findConsole } from './find-console.ts';
import { askPlatformId } from './platform-id.ts';
import { refuseTakenAddresses } from './ports.ts';
import { readAuditKey, readExistingMasterKeys } from './secrets.ts';

/** Role api or worker: that one process in the foreground, on a PostgreSQL elsewhere. Resolves with the exit code once it was told to stop. */
export async function runAlone(settings: Settings, ensureConsole: () => Promise<string>): Promise<number> {
  const databaseUrl = settings.externalDatabaseUrl;
  if (databaseUrl === undefined) throw new Error('a lone process has no DATABASE_URL');
  if (settings.role === 'api') await refuseTakenAddresses(settings);
  const masterKeys = readExistingMasterKeys(settings.paths.masterKey);
  await checkExternalDatabase(databaseUrl);
  const platformId = await askPlatformId(databaseUrl).catch(explainDatabaseRefusal(databaseUrl));
  const config: Config = { ...settings, databaseUrl, masterKeys, platformId, engine: await lookForEngine() };
  const running = await (settings.role === 'api'
    ? (await import('../compose/api.ts')).startApi({
        ...(await completeApi(config)),
        consoleDir: await findConsole(ensureConsole, (line) => console.log(line)),
      })
    : (await import('../compose/worker.ts')).startWorker({
        ...config,
        auditKey: readAuditKey(settings.paths.auditKey),
      }));
  const where = [...running.addresses, ...(running.awsAddress ? [`${running.awsAddress} for AWS clients`] : [])];
  console.log(`The Cloud's ${settings.role} is ready${where.length > 0 ? `: ${where.join(', ')}` : ''}`);
  const told = new Promise<number>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(0));
  });
  const exitCode = await Promise.race([told, running.ended.then(() => 1)]);
  await running.stop();
  return exitCode;
}

/** With the URLs of its two other roles, tried once: a wrong one is told at the start, not to the first operator. */
async function completeApi(config: Config): Promise<ApiConfig> {
  const urls = urlsOfLoneApi(config.databaseUrl, config);
  await checkExternalDatabase(urls.operatorDatabaseUrl, 'CLOUD_OPERATOR_DATABASE_URL');
  await checkExternalDatabase(urls.dataDatabaseUrl, 'CLOUD_DATA_DATABASE_URL');
  return { ...config, ...urls, smtpUrl: undefined };
}
