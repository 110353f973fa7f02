import { afterAll, onTestFinished, TestRunner } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../testkit/src/index.ts';
import { createInstanceLive } from '../services/instances/live.ts';
import { createFakeComputeEngine, type FakeComputeEngine } from './fake-engines.ts';
import { type Actor, startTestApi, type TestApi } from './test-api.ts';

/**
 * The API on a database of its own, an owner in it, and a fake engine behind its live calls (unless others are given); gone after the test that set
 * it up, or after the file's last one. Call it in a test or at the top of a file: what a beforeAll registers for the end never runs.
 */
export async function setUpApi(options: Omit<Parameters<typeof startTestApi>[0], 'database'> = {}): Promise<{
  readonly database: TestDatabase;
  readonly api: TestApi;
  readonly owner: Actor;
  readonly engine: FakeComputeEngine;
}> {
  const atEnd: (end: () => Promise<void>) => void = TestRunner.getCurrentTest() ? onTestFinished : afterAll;
  const database = await createTestDatabase();
  atEnd(() => database.drop());
  const engine = createFakeComputeEngine();
  const api = await startTestApi({ database, live: createInstanceLive(engine), ...options });
  atEnd(() => api.stop());
  return { database, api, owner: await api.makeActor(), engine };
}
