import { expect, it } from 'vitest';
import { cloudAgainstFakeServer, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

it('a stream that cannot be connected again is told of, and a refusal ends it', async () => {
  at.answer = (_, nth) =>
    nth <= 2 ? { raw: 'retry: 1000\n\n' } : { status: 403, error: { code: 'FORBIDDEN', message: 'no longer yours' } };
  expect(await at.cloud(words('events list --follow'))).toEqual({
    code: 3,
    stdout: '',
    stderr: 'events.stream ended; connecting again\ncloud: no longer yours\n',
  });
});
