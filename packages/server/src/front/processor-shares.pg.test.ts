import { setTimeout as pause } from 'node:timers/promises';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { expect, it } from 'vitest';
import { makeAwsKey, stsClient } from '../testing/aws-clients.ts';
import { setUpApi } from '../testing/set-up-api.ts';

let busy = 0;
const { api, owner } = await setUpApi({ busyMs: () => busy });

// Who waits does so for some 300 ms: on a machine that others use, the neighbour may take as long.
it('who used up a share of the processor waits at both doors, and a neighbour does not', { retry: 2 }, async () => {
  const [aws, neighbour] = [await makeAwsKey(api, owner), await api.makeActor()];
  const sign = () => stsClient(api, aws).send(new GetCallerIdentityCommand());
  const rest = () => api.call('auth.me', {}, owner);
  for (const call of [rest, sign, () => api.call('auth.me', {}, neighbour)]) await call();
  // What was measured so far is divided up first.
  await pause(150);
  await rest();
  busy += 5_000;
  await pause(100);
  const done: string[] = [];
  const waiting = [rest().then(() => done.push('REST')), sign().then(() => done.push('AWS'))];
  expect((await api.call('auth.me', {}, neighbour)).status).toBe(200);
  expect(done).toEqual([]);
  await Promise.all(waiting);
  expect(done).toHaveLength(2);
});
