import Type from 'typebox';
import { getOperation, listOperation, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { Host } from './host.ts';

const host = { kind: 'host', title: 'a host', path: '/operator/hosts', output: Host } as const;
const byRef = Type.Object({ id: ref }, { additionalProperties: false });
const limit = (what: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: `Most ${what} of it for instances` }));
const overcommit = (what: string, maximum: number) =>
  Type.Optional(Type.Number({ minimum: 0.1, maximum, description: `${what} to allocate for each real one` }));
const act = {
  scope: 'operator',
  effect: 'action',
  output: Host,
  target: { kind: 'host', param: 'id' },
  answers: 'host',
  cli: { args: ['id'] },
} as const;

export const hostOperations = {
  list: listOperation(
    { ...host, title: 'hosts' },
    ['id', 'name', 'state', 'state_reason', 'capacity', 'promised', 'last_seen_at'],
    { scope: 'operator' },
  ),
  get: getOperation(host, { scope: 'operator' }),
  drain: operation({
    ...act,
    summary: 'Drain a host',
    description: 'It takes no launches from now on. Its instances stay and can be stopped, started and deleted.',
    http: { method: 'POST', path: '/operator/hosts/:id/drain' },
    input: byRef,
  }),
  undrain: operation({
    ...act,
    summary: 'Let a drained host take launches again',
    http: { method: 'POST', path: '/operator/hosts/:id/undrain' },
    input: byRef,
  }),
  update: operation({
    ...act,
    effect: 'update',
    summary: 'Set how much of a host instances may have',
    description:
      'Holds from the next report of its worker, within 5 s. Existing instances stay, also if they have more. What you do not pass stays as it is.',
    http: { method: 'PATCH', path: '/operator/hosts/:id' },
    input: Type.Object(
      {
        id: ref,
        limit_vcpus: limit('processors'),
        limit_memory_mb: limit('MB of memory'),
        limit_disk_gb: limit('GB of disk'),
        overcommit_cpu: overcommit('virtual CPUs', 100),
        overcommit_memory: overcommit('bytes of memory', 10),
        overcommit_disk: overcommit('bytes of disk', 100),
      },
      { additionalProperties: false },
    ),
  }),
  resetCapacity: operation({
    ...act,
    summary: 'Give instances all of a host again',
    description: "Forgets the limits and the overcommit that you set: the worker's measurements and settings hold.",
    http: { method: 'POST', path: '/operator/hosts/:id/reset-capacity' },
    input: byRef,
  }),
};
