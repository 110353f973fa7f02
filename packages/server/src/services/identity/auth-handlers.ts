import type { Handlers } from '../../kernel/service.ts';
import { type AccountDeps, createAccountHandlers } from './account-handlers.ts';
import type { authOperations } from './auth-operations.ts';
import { createLoginHandlers } from './login-handlers.ts';
import { createPasswordHandlers } from './password-handlers.ts';

export const createAuthHandlers = (deps: AccountDeps): Handlers<typeof authOperations> => ({
  ...createLoginHandlers(deps),
  ...createPasswordHandlers(deps),
  ...createAccountHandlers(deps),
});
