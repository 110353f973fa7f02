import type { Sealer } from '../../kernel/seal.ts';
import { service } from '../../kernel/service.ts';
import { identityActions } from './aws/sts.ts';
import { createAuthHandlers, createKeyHandlers, keyQuota } from './handlers.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import { authOperations, keyOperations } from './operations.ts';
import { presentKey } from './user.ts';

export { type Authenticator, createAuthenticator, type KeyRow } from './authenticator.ts';
export { AWS_SECRET_PURPOSE } from './handlers.ts';

/** Users: registering, logging in, who am I. */
export const createAuthService = () =>
  service({
    name: 'auth',
    resource: 'user',
    title: 'Users',
    operations: authOperations,
    handlers: createAuthHandlers(),
    aws: [identityActions],
  });

/** API keys of the caller in the active tenant. */
export const createKeysService = (sealer: Sealer) =>
  service({
    name: 'keys',
    resource: 'api_key',
    title: 'API keys',
    operations: keyOperations,
    handlers: createKeyHandlers(sealer),
    targets: {
      api_key: {
        noun: 'API key',
        find: (sql, tenantId, ref, userId) => createPgIdentityRepository(sql).findKey(tenantId, userId, ref),
        present: presentKey,
      },
    },
    quotas: { create: keyQuota },
  });
