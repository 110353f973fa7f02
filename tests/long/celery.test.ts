import { test } from 'vitest';
import { celeryPython } from '../../packages/aws-protocol/test/support/install.ts';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { brokerOf, tellCeleryStory } from '../queues/celery-story.ts';

const { api, owner } = await setUpApi();

test('the newest Celery loses no task of a worker that is killed, and repeats only what that one had in hand', async () => {
  await tellCeleryStory(await celeryPython(), await brokerOf(api, owner));
});
