import Type from 'typebox';
import { listOperation } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { Session } from './user.ts';

export const sessionOperations = {
  list: listOperation(
    { kind: 'session', title: 'your sessions', path: '/auth/sessions', output: Session },
    ['id', 'current', 'ip_address', 'user_agent', 'created_at', 'last_used', 'expires_at'],
    {
      scope: 'user',
      description: 'Each login is a session. The newest 50 are kept.',
    },
  ),
  end: operation({
    summary: 'End a session',
    description: 'Its key stops working within a second.',
    effect: 'delete',
    scope: 'user',
    http: { method: 'DELETE', path: '/auth/sessions/:id', status: 204 },
    input: Type.Object({ id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    output: Type.Object({}),
    target: { kind: 'session', param: 'id' },
    cli: { args: ['id'] },
  }),
  endOthers: operation({
    summary: 'End your other sessions',
    description:
      'Ends all your sessions but the one that sends this request. Sent with an API key, it ends all sessions.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/sessions/end-others' },
    input: Type.Object({}, { additionalProperties: false }),
    output: Type.Object({ ended: Type.Integer({ description: 'Number of sessions that ended' }) }),
  }),
};
