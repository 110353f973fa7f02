import { MutationObserver } from '@tanstack/react-query';
import { expect, it, vi } from 'vitest';
import { createQueryClient } from './query-client.ts';

it('keeps a password that was sent and a key that was answered no longer than they are shown', async () => {
  const client = createQueryClient();
  const form = new MutationObserver(client, { mutationFn: async (_password: string) => 'thecloud_key' });
  const leave = form.subscribe(() => undefined);
  await form.mutate('a long pass phrase');
  expect(form.getCurrentResult().data).toBe('thecloud_key');
  leave();
  await vi.waitFor(() => expect(client.getMutationCache().getAll()).toEqual([]));
});
