import { secretActions } from './aws/secretsmanager.ts';
import { countLive } from '../../kernel/resource.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { SECRET_ERRORS } from './errors.ts';
import { secretExamples } from './examples.ts';
import { createSecretHandlers } from './handlers.ts';
import { secretOperations } from './operations.ts';
import { createRotationHandlers } from './rotation-handlers.ts';
import { rotationOperations } from './rotation-operations.ts';
import { secretKind, SECRETS } from './secret.ts';
import { createSecretWorker, type SecretWorkerDeps } from './worker.ts';

export { findNamed as findSecret, readSecrets } from './for-machines.ts';

export interface SecretDeps {
  readonly sealer: Sealer;
  readonly worker?: SecretWorkerDeps;
}

/** Values that programs need and that nobody else may see. */
export const createSecretsService = ({ sealer, worker }: SecretDeps) =>
  service({
    name: 'secrets',
    resource: 'secret',
    title: 'Secrets',
    operations: { ...secretOperations, ...rotationOperations },
    handlers: { ...createSecretHandlers(sealer), ...createRotationHandlers(sealer) },
    kinds: { secret: secretKind },
    errors: SECRET_ERRORS,
    quotas: { secrets: { max: 500, noun: 'secrets', free: 'Delete a secret with force' } },
    usage: async (sql, { tenantId }) => ({ secrets: await countLive(sql, SECRETS, tenantId) }),
    blocks: { tenant: { noun: 'secret', count: (sql: Sql, id: string) => countLive(sql, SECRETS, id) } },
    retention: [
      { table: 'secrets', key: 'id', over: 'deletes_at < now()' },
      { table: 'secret_versions', key: 'secret_id, number', over: `unstaged_at < now() - interval '30 days'` },
    ],
    ...(worker ? { worker: createSecretWorker({ ...worker, sealer }) } : {}),
    console: {
      group: 'data',
      icon: 'vault',
      summary:
        'A secret is a value that programs need, such as a password: it is stored encrypted, and each read is audited.',
      columns: ['name', 'status', 'description', 'last_accessed_at', 'updated_at'],
      references: { user_id: 'member' },
    },
    aws: [secretActions],
    examples: secretExamples,
  });
