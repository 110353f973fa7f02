import { afterAll, beforeAll, expect, it } from 'vitest';
import { revoke } from '../../server/src/testing/machines.ts';
import { startTestApi, type TestApi } from '../../server/src/testing/test-api.ts';
import { createTestDatabase, type TestDatabase } from '../../testkit/src/index.ts';
import { openShell, type TestShell } from './testing/test-world.ts';

let database: TestDatabase;
let api: TestApi;
let shell: TestShell;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestApi({ database });
  shell = openShell({ CLOUD_ENDPOINT: api.url });
});
afterAll(async () => {
  shell.remove();
  await api.stop();
  await database.drop();
});

const openStreams = async () =>
  Number(/^thecloud_event_streams_open (\d+)/m.exec((await api.send('GET', '/metrics')).text)?.[1]);

/** Runs the command until the key is revoked, with a change in between. */
async function followed(line: string): Promise<{ code: number; stdout: string; stderr: string; id: string }> {
  const owner = await api.makeActor();
  const member = await api.makeMember(owner.tenantId, 'viewer');
  const running = shell.cloud(line.split(' '), { env: { CLOUD_API_KEY: member.key } });
  const began = performance.now();
  while ((await openStreams()) !== 1 && performance.now() - began < 5_000)
    await new Promise((done) => setTimeout(done, 20));
  const made = await api.call('vpcs.create', { name: 'seen' }, owner);
  await api.call('vpcs.delete', { id: 'seen' }, owner);
  await new Promise((done) => setTimeout(done, 500));
  await revoke(api, member);
  return { ...(await running), id: made.data.id };
}

it('events list --follow prints a line for each event until it may no longer', async () => {
  const { code, stdout, stderr, id } = await followed('events list --follow --action VPC_*');
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(new RegExp(`^\\S+Z  VPC_CREATE  vpc  ${id}  \\S+  status=- → pending$`));
  expect(lines[1]).toMatch(/ VPC_DELETE .* status=pending → DELETING$/);
  expect([code, stderr]).toEqual([3, expect.stringContaining('revoked')]);
});

it('events list --follow -o json prints JSON lines', async () => {
  const { stdout, id } = await followed('events list --follow -o json');
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(events).toMatchObject([
    { action: 'VPC_CREATE', resource_id: id, changes: { status: { from: null, to: 'pending' } } },
    { action: 'VPC_DELETE', resource_id: id },
  ]);
});

it('events list shows what has happened, and --follow refuses what only a list has', async () => {
  const owner = await api.makeActor();
  const env = { CLOUD_API_KEY: owner.key };
  await api.call('vpcs.create', { name: 'listed' }, owner);
  const listed = await shell.cloud(['events', 'list'], { env });
  expect(listed.stdout).toMatch(/^CREATED AT .*\n\S+ +VPC_CREATE +vpc /);
  const refused = await shell.cloud(['events', 'list', '--follow', '--limit', '3'], { env });
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--limit cannot be used with --follow') });
});
