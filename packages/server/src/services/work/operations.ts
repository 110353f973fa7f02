import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { STUCK_AFTER } from '../../kernel/reconcile-queue.ts';
import { pageInput } from '../../kernel/page.ts';

export const StuckWork = Type.Object(
  {
    kind: Type.String({ description: 'Kind of the resource: instance, vpc' }),
    id: Type.String({ format: 'uuid', description: 'Id of the resource' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid' })),
    attempts: Type.Integer({ description: 'Failed attempts in a row' }),
    last_error: Type.Optional(Type.String({ description: 'Error of the last attempt, as the engine reported it' })),
    due_at: Type.String({ format: 'date-time', description: 'Time of the next attempt' }),
    parked_at: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'Since when it is retried rarely and apart from other work, because each attempt takes long',
      }),
    ),
    reason_code: Type.Optional(
      Type.String({ description: 'The code that the tenant sees: DELETE_STUCK, ENGINE_FAILED …' }),
    ),
    reason: Type.Optional(Type.String({ description: 'The sentence that the tenant sees' })),
    advice: Type.String({ description: 'What you can do about it' }),
  },
  { $id: 'StuckWork' },
);

export const WorkOfKind = Type.Object(
  {
    kind: Type.String({ description: 'Kind of the resource, or sweep:<name> for work that returns regularly' }),
    due: Type.Integer({ description: 'Passes that wait for a worker' }),
    running: Type.Integer(),
    failing: Type.Integer({ description: 'Resources whose last pass failed' }),
    parked: Type.Integer({ description: 'Resources that are retried rarely and apart from other work' }),
    oldest_due_at: Type.Optional(Type.String({ format: 'date-time', description: 'Since when the oldest has waited' })),
    last_run_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'Of a sweep: the end of its last good run' }),
    ),
    next_run_at: Type.Optional(Type.String({ format: 'date-time', description: 'Of a sweep' })),
  },
  { $id: 'WorkOfKind' },
);

const kind = Type.String({ minLength: 1, maxLength: 50, description: 'instance, vpc …' });

/** The work queue, for the operator. */
export const workOperations = {
  list: operation({
    summary: 'List background work by kind',
    description:
      'Shows what waits, runs and fails, and when each sweep last ran. If work waits for long, look at the worker.',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/work' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: WorkOfKind,
    cli: { columns: ['kind', 'due', 'running', 'failing', 'parked', 'oldest_due_at', 'last_run_at', 'next_run_at'] },
  }),
  stuck: operation({
    summary: 'List stuck work',
    description:
      'Lists resources whose last attempts failed and are being retried, that were given up, or whose deletion does not end; most failed attempts first. `advice` says what you can do.',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/work/stuck' },
    input: Type.Object(
      {
        ...pageInput,
        attempts: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 1000,
            default: STUCK_AFTER,
            description: `Minimum number of failed attempts in a row; default ${STUCK_AFTER}`,
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: StuckWork,
    cli: { columns: ['kind', 'id', 'tenant_id', 'attempts', 'reason_code', 'last_error', 'advice'] },
    console: 'custom',
  }),
  retry: operation({
    summary: 'Retry stuck work now',
    description: 'Starts the next attempt immediately instead of after the back-off.',
    effect: 'action',
    scope: 'operator',
    http: { method: 'POST', path: '/operator/work/:kind/:id/retry' },
    input: Type.Object({ kind, id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    output: StuckWork,
    errors: ['NOT_FOUND'],
    cli: { args: ['kind', 'id'] },
    console: 'custom',
  }),
};
