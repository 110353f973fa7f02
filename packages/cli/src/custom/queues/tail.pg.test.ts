import { expect, it } from 'vitest';
import { revoke } from '../../../../server/src/testing/machines.ts';
import { setUpApi } from '../../../../server/src/testing/set-up-api.ts';
import { openShell } from '../../testing/test-world.ts';

const { api, owner } = await setUpApi();

it('queues tail prints what is sent while it runs, and takes nothing from receivers', async () => {
  const shell = openShell({ CLOUD_ENDPOINT: api.url });
  const member = await api.makeMember(owner.tenantId, 'user');
  const cloud = (line: string, key = owner.key) => shell.cloud(line.split(' '), { env: { CLOUD_API_KEY: key } });
  await cloud('queues create followed');
  await cloud('queues send followed before');
  const running = cloud('queues tail followed --body', member.key);
  await new Promise((done) => setTimeout(done, 500));
  await cloud('queues send followed during');
  await cloud('queues send followed later --delay 60');
  await new Promise((done) => setTimeout(done, 2_500));
  await revoke(api, member);
  expect(await running).toMatchObject({ code: 3, stdout: 'before\nduring\nlater\n' });
  const { stdout } = await cloud('queues receive followed --max 10 -o json');
  const received = JSON.parse(stdout) as readonly { readonly body: string; readonly received_count: number }[];
  expect(received.map(({ body, received_count }) => [body, received_count])).toEqual([
    ['before', 1],
    ['during', 1],
  ]);
  const stats = JSON.parse((await cloud('queues stats followed -o json')).stdout) as object;
  expect(stats).toMatchObject({ visible: 0, in_flight: 2, delayed: 1 });
  shell.remove();
}, 30_000);
