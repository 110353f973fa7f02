import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { SettingsError } from '../setting-readers.ts';

/** The id stands in the database and so comes back with a restored one. The data folder remembers whose it is. */
const FILE = 'platform.id';

/** Undefined before the first start. Lets the engine start before the database answers. */
export function recallPlatformId(dataDir: string): string | undefined {
  const path = join(dataDir, FILE);
  return (existsSync(path) && readFileSync(path, 'utf8').trim()) || undefined;
}

/** Asks the database. Works for the owner and for both process roles. */
export async function askPlatformId(databaseUrl: string): Promise<string> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ platform_id: string }>('select platform_id from platform');
    if (!rows[0]) throw new Error('the database knows no platform id');
    return rows[0].platform_id;
  } finally {
    await client.end();
  }
}

/**
 * Binds the data folder to the database at the first start. Later another database is refused: with it, everything in the folder
 * would look like nobody's.
 * @throws SettingsError when the two do not belong together.
 */
export function bindDataFolder(dataDir: string, platformId: string): void {
  const known = recallPlatformId(dataDir);
  if (known === platformId) return;
  const path = join(dataDir, FILE);
  if (known !== undefined) {
    throw new SettingsError(
      `CLOUD_DATA_DIR=${dataDir}: belongs to platform ${known}, but the database belongs to ${platformId}; set the right DATABASE_URL, or remove ${path} if the folder was meant for this database`,
    );
  }
  writeFileSync(`${path}.new`, `${platformId}\n`, { mode: 0o644, flush: true });
  renameSync(`${path}.new`, path);
}
