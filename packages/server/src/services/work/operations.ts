import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';

export const StuckWork = Type.Object(
  {
    kind: Type.String({ description: 'Of the thing that is kept as it is wanted: instance, vpc' }),
    id: Type.String({ format: 'uuid', description: 'Of the thing' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid' })),
    attempts: Type.Integer({ description: 'Passes in a row that came to nothing' }),
    last_error: Type.Optional(
      Type.String({ description: 'What the last one failed with, in the words of the engine' }),
    ),
    due_at: Type.String({ format: 'date-time', description: 'When it is tried again' }),
  },
  { $id: 'StuckWork' },
);

const kind = Type.String({ minLength: 1, maxLength: 50, description: 'instance, vpc …' });

/** The queue of work, for the operator. */
export const workOperations = {
  stuck: operation({
    summary: 'List what is stuck',
    description:
      'Things whose last passes failed, and that are tried again and again: those that failed most often first.',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/work/stuck' },
    input: Type.Object(
      {
        ...pageInput,
        attempts: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 1000, description: 'Failed at least so often in a row; default 5' }),
        ),
      },
      { additionalProperties: false },
    ),
    output: StuckWork,
    cli: { columns: ['kind', 'id', 'tenant_id', 'attempts', 'last_error', 'due_at'] },
  }),
  retry: operation({
    summary: 'Try something that is stuck at once',
    description: 'Its next pass begins at once, and not when its wait is over.',
    effect: 'action',
    scope: 'operator',
    http: { method: 'POST', path: '/operator/work/:kind/:id/retry' },
    input: Type.Object({ kind, id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    output: StuckWork,
    errors: ['NOT_FOUND'],
    cli: { args: ['kind', 'id'] },
  }),
};
