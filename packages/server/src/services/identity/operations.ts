import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { User } from './user.ts';

const email = Type.String({
  minLength: 3,
  maxLength: 255,
  pattern: '^[^@\\s]+@[^@\\s]+$',
  'x-form': 'an e-mail address such as ada@example.com',
  description: 'An e-mail address',
});

const notBlank = { pattern: '\\S', 'x-form': 'more than blanks' } as const;

export const authOperations = {
  register: operation({
    summary: 'Register a user',
    description:
      'Creates the user and a personal tenant that the user owns. The first user is the operator of the platform.',
    effect: 'create',
    scope: 'public',
    http: { method: 'POST', path: '/auth/register' },
    input: Type.Object(
      {
        email,
        password: Type.String({ minLength: 8, maxLength: 72 }),
        name: Type.String({ minLength: 2, maxLength: 100, ...notBlank }),
      },
      { additionalProperties: false },
    ),
    output: User,
    errors: ['FORBIDDEN'],
    creates: 'user',
    secrets: ['password'],
    cost: 'password',
    audit: 'user.register',
    event: 'USER_REGISTER',
    cli: 'custom',
  }),
  login: operation({
    summary: 'Log in',
    description: 'Returns a session key that expires. Five wrong passwords lock the user for 15 minutes.',
    effect: 'action',
    scope: 'public',
    http: { method: 'POST', path: '/auth/login' },
    input: Type.Object(
      { email, password: Type.String({ minLength: 1, maxLength: 72 }) },
      { additionalProperties: false },
    ),
    output: Type.Object({ user: User, api_key: Type.String(), expires_at: Type.String({ format: 'date-time' }) }),
    errors: ['UNAUTHORIZED'],
    secrets: ['password'],
    cost: 'password',
    audit: 'user.login',
    event: 'USER_LOGIN',
    cli: 'custom',
  }),
  logout: operation({
    summary: 'Log out',
    description: 'Ends the session with this key immediately. The session must be yours; your other sessions continue.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/logout' },
    input: Type.Object(
      {
        api_key: Type.String({ minLength: 1, maxLength: 100, description: 'Session key that the login returned' }),
      },
      { additionalProperties: false },
    ),
    output: Type.Object({ id: Type.String({ format: 'uuid', description: 'Id of the session' }) }),
    errors: ['NOT_FOUND'],
    secrets: ['api_key'],
    audit: 'user.logout',
    event: 'USER_LOGOUT',
    cli: 'custom',
  }),
  me: operation({
    summary: 'Get the current user',
    effect: 'read',
    scope: 'user',
    http: { method: 'GET', path: '/auth/me' },
    input: Type.Object({}, { additionalProperties: false }),
    output: User,
    cli: { columns: ['email', 'name', 'role', 'tenant_id'] },
  }),
};
