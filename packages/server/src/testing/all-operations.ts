import { randomBytes } from 'node:crypto';
import { createSealer } from '../kernel/seal.ts';
import { composeRegistry } from '../services.ts';
import type { OperationOptions } from './operation-world.ts';
import { EXAMPLE_STATS } from './machines.ts';
import { startTestApi } from './test-api.ts';

/** The platform's own services, with a worker that answers live calls at once: for tests over all operations. */
export const allOperations = (): OperationOptions => ({
  registry: composeRegistry({
    sealer: createSealer(new Map([[1, randomBytes(32)]])),
    region: 'us-east-1',
    platformId: '00000000-0000-7000-8000-0000000000ff',
  }),
  start: (database) =>
    startTestApi({
      database,
      live: {
        'instances.logs': {
          stream: async (ticket) =>
            (async function* log() {
              yield Buffer.from(`log of ${String(ticket.target_id)}`);
            })(),
        },
        'instances.stats': { read: async () => EXAMPLE_STATS },
        'instances.terminal': {
          socket: async () => async (peer) => {
            for await (const _ of peer.messages);
          },
        },
        'instances.exec': async () => ({
          exit_code: 0,
          stdout: 'out',
          stderr: '',
          encoding: 'utf-8',
          truncated: false,
          timed_out: false,
        }),
      },
    }),
});
