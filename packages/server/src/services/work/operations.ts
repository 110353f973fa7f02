import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';

export const StuckWork = Type.Object(
  {
    kind: Type.String({ description: 'Kind of the resource: instance, vpc' }),
    id: Type.String({ format: 'uuid', description: 'Id of the resource' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid' })),
    attempts: Type.Integer({ description: 'Failed attempts in a row' }),
    last_error: Type.Optional(Type.String({ description: 'Error of the last attempt, as the engine reported it' })),
    due_at: Type.String({ format: 'date-time', description: 'Time of the next attempt' }),
  },
  { $id: 'StuckWork' },
);

const kind = Type.String({ minLength: 1, maxLength: 50, description: 'instance, vpc …' });

/** The work queue, for the operator. */
export const workOperations = {
  stuck: operation({
    summary: 'List stuck work',
    description:
      'Lists resources whose last attempts failed and are being retried, or that were given up; most failed attempts first.',
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
            description: 'Minimum number of failed attempts in a row; default 5',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: StuckWork,
    cli: { columns: ['kind', 'id', 'tenant_id', 'attempts', 'last_error', 'due_at'] },
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
  }),
};
