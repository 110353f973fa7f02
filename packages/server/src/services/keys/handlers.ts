import type { Caller } from '../../kernel/caller.ts';
import { conflict, invalidInput } from '../../kernel/errors.ts';
import { newApiKey, newAwsKeyPair } from '../../kernel/ids.ts';
import type { InputOf } from '../../kernel/operation.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { type Call, type CallFacts, type Handlers, steps } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { requireKnown } from '../roles/index.ts';
import { type ApiKey, type ApiKeyRow, type FoundKeyRow, type KeyLimits, presentKey } from './api-key.ts';
import { createPgKeyRepository } from './key-repository.pg.ts';
import { ALL, applyLimits, type GivenLimits, limitsOfCaller, requireWithin } from './limits.ts';
import type { keyOperations, memberKeyOperations } from './operations.ts';

/** What an AWS secret is sealed for. */
export const AWS_SECRET_PURPOSE = 'aws-secret';

export interface KeyDeps {
  readonly sealer: Sealer;
  /** Forgets the keys that this process has seen of `user <id>` or everybody, so that a revoked key stops immediately. */
  readonly forgetCallers: (subject?: string) => void;
  /** All permissions that there are. */
  readonly permissions: () => readonly { readonly permission: string }[];
}

type Ops = typeof keyOperations;

/** Throws CONFLICT if the reference fits several keys, or one of a login. */
function requireOneKey({ name, kind, namesakes }: FoundKeyRow): void {
  if (namesakes > 0) throw conflict(`${namesakes + 1} API keys are named '${name}'; use an id`);
  if (kind === 'session') throw conflict('this is the key of a login session, which cannot be changed; log in again');
}

export const createKeyHandlers = ({
  sealer,
  forgetCallers,
  permissions,
}: KeyDeps): Handlers<Ops, { api_key: FoundKeyRow }> => {
  /** Stores a new key and returns it with what is shown once. */
  async function make(
    sql: Sql,
    key: { id: string; userId: string; tenantId: string; name: string; at: Date } & KeyLimits,
  ): Promise<ApiKey> {
    const fresh = newApiKey();
    const aws = newAwsKeyPair();
    const row = await createPgKeyRepository(sql).insert({
      ...key,
      hash: fresh.hash,
      prefix: fresh.prefix,
      awsAccessKeyId: aws.accessKeyId,
      awsSecretSealed: sealer.seal(key.tenantId, AWS_SECRET_PURPOSE, aws.secretAccessKey),
    });
    return { ...presentKey(row), key: fresh.key, aws_secret_access_key: aws.secretAccessKey };
  }

  const limitsFor = (given: GivenLimits, otherwise: KeyLimits, caller: Caller, now: Date): KeyLimits => {
    requireKnown(
      (given.permissions ?? []).filter((permission) => permission !== ALL),
      permissions().map((known) => known.permission),
    );
    const limits = applyLimits(given, otherwise, caller, now);
    requireWithin(limits, caller);
    return limits;
  };
  const forgetOwn = async ({ userId }: Pick<CallFacts, 'userId'>) => forgetCallers(`user ${userId}`);
  const countOne = async ({ sql, tenantId, userId }: Pick<Call, 'sql' | 'tenantId' | 'userId'>) => [
    { resource: 'api_keys', used: await createPgKeyRepository(sql).count(tenantId, userId), wanted: 1 },
  ];

  return {
    create: steps({
      check: async ({ input, caller, now }: Call<InputOf<Ops['create']>>) =>
        limitsFor(input, limitsOfCaller(caller), caller, now),
      quota: countOne,
      run: ({ sql, input, tenantId, userId, createdId, now, checked }) =>
        make(sql, { id: createdId, userId, tenantId, name: input.name, at: now, ...checked }),
    }),

    update: steps({
      async run({ sql, input, target, caller, now }: Call<InputOf<Ops['update']>, FoundKeyRow>) {
        requireOneKey(target);
        const { id: _, name = target.name ?? '', ...given } = input;
        if (Object.keys(input).length === 1)
          throw invalidInput('nothing to change: set name, permissions, cidrs or expires_at');
        const limits = limitsFor(given, target, caller, now);
        return { ...(await createPgKeyRepository(sql).change(target.id, name, limits)), namesakes: 0 };
      },
      finish: forgetOwn,
    }),

    rotate: steps({
      async check({ target, caller }: Call<InputOf<Ops['rotate']>, FoundKeyRow>) {
        requireOneKey(target);
        requireWithin(target, caller);
      },
      // Without an overlap the new key takes the place of the old one.
      quota: async (call) => (call.input.overlap_seconds ? countOne(call) : []),
      async run({ sql, input, target, tenantId, userId, newId, now, about }) {
        const keys = createPgKeyRepository(sql);
        if (input.overlap_seconds)
          await keys.expire(target.id, new Date(now.getTime() + input.overlap_seconds * 1_000));
        else await keys.revoke(target.id, now);
        const { name, permissions: held, cidrs, expires_at } = target;
        const id = newId();
        about({ metadata: { ...input, new_id: id } });
        return make(sql, { id, userId, tenantId, name: name ?? '', at: now, permissions: held, cidrs, expires_at });
      },
      finish: forgetOwn,
    }),

    revoke: steps({
      async run({ sql, target: { id, name, namesakes }, now }: Call<unknown, FoundKeyRow>) {
        if (namesakes > 0) throw conflict(`${namesakes + 1} API keys are named '${name}'; use an id`);
        await createPgKeyRepository(sql).revoke(id, now);
        return {};
      },
      finish: forgetOwn,
    }),
  };
};

export const createMemberKeyHandlers = ({
  forgetCallers,
}: Pick<KeyDeps, 'forgetCallers'>): Handlers<typeof memberKeyOperations, { member_key: ApiKeyRow }> => ({
  revoke: steps({
    async run({ sql, target, now }: Call<unknown, ApiKeyRow>) {
      await createPgKeyRepository(sql).revoke(target.id, now);
      return {};
    },
    async finish({ tenantId }) {
      forgetCallers(`tenant ${tenantId}`);
    },
  }),
});
