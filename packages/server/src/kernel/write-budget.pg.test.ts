import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { makeAwsKey } from '../testing/aws-clients.ts';
import { setUpApi } from '../testing/set-up-api.ts';
import { sqsClient } from '../testing/sqs-clients.ts';
import { uniqueWord } from '../testing/test-api.ts';

// Ten at once, and one more each 864 s.
const { api, owner } = await setUpApi({ writesPerDay: 100 });

const create = (by = owner) => api.call('vpcs.create', { name: uniqueWord() }, by);

it('a tenant that writes without end is told when it may go on, at both doors; it still reads and deletes, and others write', async () => {
  const neighbour = await api.makeActor();
  const aws = await makeAwsKey(api, owner);
  const made = (await create()).data;
  // Cycles of creating and deleting are writes too.
  for (let i = 0; i < 4; i++) await api.call('vpcs.delete', { id: (await create()).data.id }, owner);
  const refused = await create();
  expect(refused).toMatchObject({
    status: 429,
    code: 'RATE_LIMITED',
    message: expect.stringMatching(
      /^this tenant has changed more than 10 things in a short time, and 100 a day is the limit; /,
    ),
  });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await api.call('vpcs.update', { id: made.id, name: uniqueWord() }, owner)).status).toBe(429);
  await expect(sqsClient(api, aws).send(new CreateQueueCommand({ QueueName: uniqueWord() }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: expect.toBeOneOf([400, 429]) },
    name: expect.stringMatching(/Throttl/),
  });
  expect((await api.call('vpcs.get', { id: made.id }, owner)).status).toBe(200);
  expect((await api.call('vpcs.delete', { id: made.id }, owner)).status).toBe(200);
  expect((await create(neighbour)).status).toBe(201);
  // What is about the user is the user's own budget.
  expect((await api.call('auth.update', { name: 'Ada' }, owner)).status).toBe(200);
});

it('an update that changes nothing costs nothing', async () => {
  const actor = await api.makeActor();
  const { id, name } = (await create(actor)).data;
  for (let i = 0; i < 20; i++) expect((await api.call('vpcs.update', { id, name }, actor)).status).toBe(200);
});
