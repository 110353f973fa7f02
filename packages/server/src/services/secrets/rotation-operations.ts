import Type from 'typebox';
import { byRef, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { DEFAULT_ROTATION_LENGTH, LIMITS, Secret } from './secret.ts';

const target = { kind: 'secret', param: 'id' } as const;
const write = { permission: 'secret:write' } as const;

export const rotationOperations = {
  rotate: operation({
    summary: 'Replace the value of a secret with a random password',
    description:
      'The password becomes the current value; of a JSON object with a member password, only that member changes. The platform does not tell the service that checks the password.',
    effect: 'action',
    http: { method: 'POST', path: '/secrets/:id/rotate' },
    input: Type.Object(
      {
        id: ref,
        version_id: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 64,
            pattern: '^[A-Za-z0-9._-]+$',
            'x-form': 'letters, digits, ., - and _ only',
            description: 'Id of the version; default a new one. The same id again does nothing',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Secret,
    errors: ['CONFLICT'],
    target,
    answers: 'secret',
    ...write,
    cli: { args: ['id'] },
  }),
  setRotation: operation({
    summary: 'Rotate a secret every so many days',
    description: 'The first time is that many days after the last rotation, or from now.',
    effect: 'update',
    http: { method: 'PUT', path: '/secrets/:id/rotation' },
    input: Type.Object(
      {
        id: ref,
        days: Type.Integer({ minimum: 1, maximum: 1_000 }),
        length: Type.Optional(
          Type.Integer({
            minimum: 8,
            maximum: LIMITS.password.max,
            description: `Letters and digits of the password; default ${DEFAULT_ROTATION_LENGTH}`,
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Secret,
    target,
    answers: 'secret',
    ...write,
    event: 'SECRET_ROTATION_SET',
    cli: { args: ['id', 'days'] },
  }),
  cancelRotation: operation({
    summary: 'Rotate a secret no longer',
    effect: 'update',
    http: { method: 'DELETE', path: '/secrets/:id/rotation' },
    input: byRef,
    output: Secret,
    target,
    answers: 'secret',
    ...write,
    event: 'SECRET_ROTATION_CANCELLED',
    cli: { args: ['id'] },
  }),
};
