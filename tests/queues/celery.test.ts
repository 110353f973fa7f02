import { test } from 'vitest';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { brokerOf, tellCeleryStory } from './celery-story.ts';

const { api, owner } = await setUpApi();

test("Debian's Celery loses no task of a worker that is killed, and repeats only what that one had in hand", async () => {
  await tellCeleryStory('/usr/bin/python3', await brokerOf(api, owner));
}, 120_000);
