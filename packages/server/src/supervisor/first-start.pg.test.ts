import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findProcessesWith } from './processes.ts';
import {
  makeDataDir,
  pathIn,
  type PlatformProcess,
  removeDataDir,
  startPlatformProcess,
} from './testing/platform-process.ts';

/** The real PostgreSQL and the real migrations; what drives engines is stood in for. */
describe('a first start that is killed', { timeout: 90_000 }, () => {
  let dataDir: string;
  let platform: PlatformProcess;
  const start = (): PlatformProcess => startPlatformProcess({ CLOUD_DATA_DIR: dataDir });
  const kill = async (): Promise<void> => {
    platform.kill('SIGKILL');
    await platform.exit;
  };
  /** The cluster is whole, and nothing is left beside it. */
  const expectReady = async (): Promise<void> => {
    platform = start();
    await platform.ready;
    expect(readdirSync(dataDir)).not.toContain('postgres.new');
    expect(findProcessesWith(pathIn(dataDir, 'postgres.new'))).toEqual([]);
  };

  beforeEach(() => {
    dataDir = makeDataDir();
  });
  afterEach(async () => {
    await kill();
    await removeDataDir(dataDir);
  });

  test('while initdb works, which lives on: the next start ends it and makes the cluster', async () => {
    platform = start();
    const isAtWork = (): boolean => findProcessesWith(pathIn(dataDir, 'postgres.new')).length > 0;
    for (const deadline = performance.now() + 20_000; !isAtWork() && performance.now() < deadline; ) await pause(2);
    await pause(150);
    await kill();
    expect(existsSync(pathIn(dataDir, 'postgres', 'PG_VERSION'))).toBe(false);
    await expectReady();
  });

  test('while the migrations run: the next start runs the rest', async () => {
    platform = start();
    for (const deadline = performance.now() + 30_000; performance.now() < deadline; await pause(2))
      if (existsSync(pathIn(dataDir, 'postgres', 'thecloud.made'))) break;
    await pause(600);
    await kill();
    await expectReady();
  });
});
