import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../../server/src/testing/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../../testkit/src/index.ts';
import { openShell, type TestShell } from './testing/test-world.ts';
import { ODD_NAMES } from './testing/odd-names.ts';

// A name that the API takes is a name that every verb takes, and the other way round: the command against the real API.

let database: TestDatabase;
let api: TestApi;
let shell: TestShell;
let key: string;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ database });
  key = (await api.makeActor()).key;
  shell = openShell({ CLOUD_ENDPOINT: api.url, CLOUD_API_KEY: key });
});
afterAll(async () => {
  shell.remove();
  await api.stop();
  await database.drop();
});

const ids = async (...argv: string[]) => (await shell.cloud([...argv, '-q'])).stdout.trim();

describe('a VPC and an API key', () => {
  it.each([...ODD_NAMES, 'null', '0', '...', '龍'.repeat(64)])(
    'named %s is made, found and removed by its name',
    async (name) => {
      for (const service of ['vpcs', 'keys']) {
        const made = await shell.cloud([service, 'create', '-o', 'json', '--', name]);
        expect(made, made.stderr).toMatchObject({ code: 0, stderr: '' });
        const { id } = JSON.parse(made.stdout) as { id: string };
        expect((await ids(service, 'list', '--all')).split('\n')).toContain(id);
        if (service === 'vpcs')
          expect(JSON.parse((await shell.cloud(['vpcs', 'get', '-o', 'json', '--', name])).stdout)).toMatchObject({
            id,
            name,
          });
        const gone = await shell.cloud([service, service === 'vpcs' ? 'delete' : 'revoke', '--', name]);
        expect(gone, gone.stderr).toMatchObject({ code: 0, stderr: '' });
      }
    },
  );

  it.each(['', '.', '..', ' ', 'a\tb'.repeat(100)])('cannot be named %j, with any verb', async (name) => {
    const lists = () => ['vpcs', 'keys'].map((service) => ids(service, 'list', '--all'));
    const before = await Promise.all(lists());
    for (const service of ['vpcs', 'keys']) {
      const made = await shell.cloud([service, 'create', '--', name]);
      expect(made.code, made.stderr).not.toBe(0);
      expect(made.stderr).toMatch(/^cloud: [^\n]+\n$/);
      const looked = await shell.cloud([service, service === 'vpcs' ? 'get' : 'revoke', '--', name]);
      expect(looked.code, looked.stderr).not.toBe(0);
      expect(looked.stderr).toMatch(/^cloud: [^\n]+\n$/);
    }
    expect(await Promise.all(lists())).toEqual(before);
  });
});
