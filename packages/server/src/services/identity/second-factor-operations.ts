import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { code, password } from './auth-operations.ts';

const byCode = Type.Object({ code }, { additionalProperties: false });
const recoveryCodes = Type.Object({
  recovery_codes: Type.Array(Type.String(), {
    description: 'Ten codes that each replace one code of the app, shown only now',
  }),
});

export const secondFactorOperations = {
  get: operation({
    summary: 'Show whether you have a second factor',
    effect: 'read',
    scope: 'user',
    http: { method: 'GET', path: '/auth/second-factor' },
    input: Type.Object({}, { additionalProperties: false }),
    output: Type.Object({
      enabled: Type.Boolean(),
      confirmed_at: Type.Optional(Type.String({ format: 'date-time' })),
      recovery_codes_left: Type.Integer(),
    }),
  }),
  enrol: operation({
    summary: 'Enrol a second factor',
    description:
      'Returns the secret for an authenticator app (TOTP: SHA-1, 6 digits, 30 s). Logins ask for codes once you have confirmed one.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/second-factor' },
    input: Type.Object({ password }, { additionalProperties: false }),
    output: Type.Object({
      secret: Type.String({ description: 'In base32, to type into the app' }),
      uri: Type.String({ description: 'The same as an otpauth:// URI, for a QR code' }),
    }),
    errors: ['CONFLICT'],
    secrets: ['password'],
    cost: 'password',
    shownOnce: ['secret', 'uri'],
    cli: { custom: true, columns: ['secret', 'uri'] },
  }),
  confirm: operation({
    summary: 'Confirm a second factor',
    description: 'Takes the first code of your app. From then on, logins ask for a code. Returns recovery codes.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/second-factor/confirm' },
    input: byCode,
    output: recoveryCodes,
    errors: ['CONFLICT'],
    secrets: ['code'],
    shownOnce: ['recovery_codes'],
    cli: { custom: true, columns: ['recovery_codes'] },
  }),
  recoveryCodes: operation({
    summary: 'Replace your recovery codes',
    description: 'Returns ten new codes. The old ones stop working.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/second-factor/recovery-codes' },
    input: byCode,
    output: recoveryCodes,
    errors: ['CONFLICT'],
    secrets: ['code'],
    shownOnce: ['recovery_codes'],
    cli: { custom: true, columns: ['recovery_codes'] },
  }),
  disable: operation({
    summary: 'Remove your second factor',
    description: 'Logins need only your password again.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/auth/second-factor/disable' },
    input: byCode,
    output: Type.Object({ enabled: Type.Boolean() }),
    errors: ['CONFLICT'],
    secrets: ['code'],
    cli: { custom: true },
  }),
};
