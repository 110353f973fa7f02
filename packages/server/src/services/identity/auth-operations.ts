import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { Me, User } from './user.ts';

const email = Type.String({
  minLength: 3,
  maxLength: 255,
  pattern: '^[^@\\s]+@[^@\\s]+$',
  'x-form': 'an e-mail address such as ada@example.com',
  description: 'An e-mail address',
});

const name = Type.String({ minLength: 2, maxLength: 100, pattern: '\\S', 'x-form': 'more than blanks' });
export const password = Type.String({ minLength: 1, maxLength: 72 });
const newPassword = Type.String({
  minLength: 8,
  maxLength: 72,
  description: 'Needs about 50 bits of entropy: long, or of several kinds of characters',
});
export const code = Type.String({
  minLength: 6,
  maxLength: 40,
  description: 'Code of the authenticator app, or a recovery code',
});
const message = Type.Object({ message: Type.String() });

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
        password: newPassword,
        name,
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
    description:
      'Returns a session key that expires. A user with a second factor also sends a code. Five wrong passwords or codes lock the user for 15 minutes for the address that they came from.',
    effect: 'action',
    scope: 'public',
    http: { method: 'POST', path: '/auth/login' },
    input: Type.Object({ email, password, code: Type.Optional(code) }, { additionalProperties: false }),
    output: Type.Object({ user: User, api_key: Type.String(), expires_at: Type.String({ format: 'date-time' }) }),
    errors: ['UNAUTHORIZED', 'FORBIDDEN', 'SECOND_FACTOR_REQUIRED'],
    shownOnce: ['api_key'],
    secrets: ['password', 'code'],
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
    output: Me,
    cli: { columns: ['email', 'name', 'role', 'tenant_id'] },
  }),
  update: operation({
    summary: 'Change your name or e-mail address',
    description: 'A new e-mail address needs your password.',
    effect: 'update',
    scope: 'user',
    http: { method: 'PATCH', path: '/auth/me' },
    input: Type.Object(
      { name: Type.Optional(name), email: Type.Optional(email), password: Type.Optional(password) },
      { additionalProperties: false },
    ),
    output: User,
    errors: ['CONFLICT'],
    secrets: ['password'],
    cost: 'password',
    cli: { custom: true, columns: ['email', 'name'] },
  }),
  changePassword: operation({
    summary: 'Change your password',
    description: 'Ends your other sessions. API keys continue to work.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/change-password' },
    input: Type.Object({ old_password: password, new_password: newPassword }, { additionalProperties: false }),
    output: User,
    secrets: ['old_password', 'new_password'],
    cost: 'password',
    cli: { custom: true, columns: ['email', 'updated_at'] },
  }),
  forgotPassword: operation({
    summary: 'Ask for a password reset',
    description:
      'Sends a token to the e-mail address if a user has it. The token is valid for one hour. The answer is always the same. A user gets at most 3 tokens an hour.',
    effect: 'action',
    scope: 'public',
    http: { method: 'POST', path: '/auth/forgot-password' },
    input: Type.Object({ email }, { additionalProperties: false }),
    output: message,
    cli: { args: ['email'] },
  }),
  resetPassword: operation({
    summary: 'Reset a password',
    description: 'Sets a new password with a token that was sent by mail, and ends all sessions. A token works once.',
    effect: 'action',
    scope: 'public',
    http: { method: 'POST', path: '/auth/reset-password' },
    input: Type.Object(
      { token: Type.String({ minLength: 1, maxLength: 100 }), new_password: newPassword },
      { additionalProperties: false },
    ),
    output: message,
    secrets: ['token', 'new_password'],
    cost: 'password',
    cli: { custom: true },
  }),
  close: operation({
    summary: 'Close your account',
    description:
      'Cannot be undone. Erases your name, e-mail address, password and second factor, revokes your keys and removes you from your tenants. Your tenants without other members are closed too. Refused while you are the only owner of a tenant that has other members or resources.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/close' },
    input: Type.Object(
      { password, confirm: Type.String({ minLength: 1, maxLength: 255, description: 'Your e-mail address' }) },
      { additionalProperties: false },
    ),
    output: Type.Object({ id: Type.String({ format: 'uuid' }), message: Type.String() }),
    errors: ['CONFLICT'],
    secrets: ['password', 'confirm'],
    cost: 'password',
    cli: { custom: true },
  }),
};
