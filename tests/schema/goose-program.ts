import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const GOOSE_VERSION = 'v3.27.3';
/** The drivers of other databases stay out. */
const TAGS = 'no_clickhouse no_mssql no_mysql no_sqlite3 no_vertica no_ydb no_libsql no_duckdb no_spanner';

/** The real goose program: from the cache in .cache/goose, else built by the go on this machine. Throws with the way to get it. */
export async function findGoose(): Promise<string> {
  const folder = fileURLToPath(new URL('../../.cache/goose/', import.meta.url));
  const program = join(folder, `goose-${GOOSE_VERSION}`);
  if (existsSync(program)) return program;
  const building = join(folder, `building-${process.pid}`);
  await mkdir(building, { recursive: true });
  try {
    await run('go', ['install', `-tags=${TAGS}`, `github.com/pressly/goose/v3/cmd/goose@${GOOSE_VERSION}`], {
      env: { ...process.env, GOBIN: building },
      cwd: building,
      timeout: 300_000,
    });
    await rename(join(building, 'goose'), program);
    return program;
  } catch (error) {
    throw new Error(
      `this test runs the real goose program, which is neither in ${program} nor could be built: install Go 1.24 or later (apt-get install golang-go), ` +
        `or put goose ${GOOSE_VERSION} there yourself. ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

/** Runs goose over `folder` and answers what it printed. */
export async function runGoose(folder: string, url: string, ...command: readonly string[]): Promise<string> {
  const { stdout, stderr } = await run(await findGoose(), ['-dir', folder, 'postgres', url, ...command], {
    timeout: 60_000,
  });
  return stdout + stderr;
}
