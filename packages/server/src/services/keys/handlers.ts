import type { Caller, KeyLimits } from '../../kernel/caller.ts';
import { has } from '../../kernel/changes.ts';
import { conflict, forbidden, invalidInput, quotaExceeded, unauthorized } from '../../kernel/errors.ts';
import { newApiKey } from '../../kernel/ids.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { type Call, type CallFacts, type Handlers, steps } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { requireKnown } from '../roles/index.ts';
import { type ApiKey, type ApiKeyRow, type FoundKeyRow, presentKey } from './api-key.ts';
import { createPgKeyRepository } from './key-repository.pg.ts';
import { newAwsSecrets } from './aws-secrets.ts';
import { SESSION_SECONDS } from './session-seconds.ts';
import { ALL, applyLimits, applyReach, type GivenLimits, limitsOfCaller, requireWithin } from './limits.ts';
import type { keyOperations, memberKeyOperations } from './operations.ts';

/** Most temporary keys of one key at a time: one every quarter of an hour for a day, with room. */
const MOST_TEMPORARY = 100;

export interface KeyDeps {
  readonly sealer: Sealer;
  /** Forgets the keys that this process has seen of `user <id>` or everybody, so that a revoked key stops immediately. */
  readonly forgetCallers: (subject?: string) => void;
  /** All permissions that there are. */
  readonly permissions: () => readonly { readonly permission: string }[];
}

type Ops = typeof keyOperations;

/** A temporary key that made another would outlive the key that it ends with. Throws FORBIDDEN. */
function refuseTemporary(caller: Caller): void {
  if (caller.kind === 'user' && caller.isTemporary)
    throw forbidden('a temporary key cannot make or change keys; use the key that it was made from, or log in');
}

/** The key of the caller, held against its end until the commit: what is made with it afterwards ends with it. Throws UNAUTHORIZED. */
async function holdKeyOf(sql: Sql, caller: Caller): Promise<ApiKeyRow> {
  const held = caller.kind === 'user' ? await createPgKeyRepository(sql).holdOwn(caller.keyId) : undefined;
  if (!held) throw unauthorized('the key of this request has ended');
  return held;
}

/** Revokes the target and, unless the input says otherwise, what was made with it. Temporary keys follow anyway. */
async function revoke({
  sql,
  input,
  target: { id },
  caller,
  now,
  about,
}: Call<{ readonly descendants?: boolean }, ApiKeyRow>): Promise<{ descendants_revoked?: number }> {
  const keys = createPgKeyRepository(sql);
  await keys.revoke(id, now);
  const count =
    input.descendants === false ? 0 : await keys.revokeMadeWith(id, now, caller.kind === 'user' ? caller.keyId : null);
  if (count === 0) return {};
  about({ metadata: { ...input, descendants_revoked: count } });
  return { descendants_revoked: count };
}

/** Throws CONFLICT if the reference fits several keys, or one that expires by itself. */
function requireOneKey({ name, kind, namesakes }: FoundKeyRow): void {
  if (namesakes > 0) throw conflict(`${namesakes + 1} API keys are named '${name}'; use an id`);
  if (kind === 'temporary')
    throw conflict(
      'this is a temporary key, which follows the key that it was made from; revoke it, or change that one',
    );
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
    key: {
      id: string;
      userId: string;
      tenantId: string;
      name: string;
      at: Date;
      parentId?: string;
      madeWith: string | null;
      allTenants: boolean;
    } & KeyLimits,
  ): Promise<ApiKey> {
    const fresh = newApiKey();
    const aws = newAwsSecrets(sealer, key.tenantId, key.parentId === undefined ? 'api' : 'temporary');
    const row = await createPgKeyRepository(sql).insert({
      ...key,
      hash: fresh.hash,
      prefix: fresh.prefix,
      awsAccessKeyId: aws.accessKeyId,
      awsSecretSealed: aws.sealed,
    });
    return {
      ...presentKey(row),
      key: fresh.key,
      aws_secret_access_key: aws.secretAccessKey,
      ...(aws.sessionToken === undefined ? {} : { aws_session_token: aws.sessionToken }),
    };
  }

  const limitsFor = (given: GivenLimits, otherwise: KeyLimits, caller: Caller, now: Date): KeyLimits => {
    refuseTemporary(caller);
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
      async check({ sql, input, caller, now }: Call<InputOf<Ops['create']>>) {
        const limits = limitsFor(input, limitsOfCaller(caller), caller, now);
        const allTenants = applyReach(input.all_tenants, false, limits, caller);
        return { ...limits, allTenants, madeWith: (await holdKeyOf(sql, caller)).id };
      },
      quota: countOne,
      run: ({ sql, input, tenantId, userId, createdId, now, checked }) =>
        make(sql, { id: createdId, userId, tenantId, name: input.name, at: now, ...checked }),
    }),

    createSession: steps({
      async run({ sql, input, caller, tenantId, userId, createdId, now }: Call<InputOf<Ops['createSession']>>) {
        refuseTemporary(caller);
        const keys = createPgKeyRepository(sql);
        const parent = await holdKeyOf(sql, caller);
        const allTenants = parent.kind === 'session' || parent.all_tenants;
        // It may have been limited since it was looked up: see the trigger of temporary keys.
        if (!allTenants && parent.tenant_id !== tenantId)
          throw forbidden(`this API key acts only in the tenant '${parent.tenant_id}'; remove X-Tenant-ID`);
        const alive = await keys.countOf(parent);
        if (alive >= MOST_TEMPORARY)
          throw quotaExceeded(
            `${alive} temporary keys of this key are alive, the most that a key can have; revoke one, or wait until one expires`,
          );
        const end = new Date(now.getTime() + (input.duration_seconds ?? SESSION_SECONDS.usual) * 1_000);
        return make(sql, {
          id: createdId,
          userId,
          tenantId,
          name: `session of ${parent.name ?? ''}`.slice(0, 255),
          at: now,
          parentId: parent.id,
          madeWith: null,
          allTenants,
          permissions: parent.permissions,
          cidrs: parent.cidrs,
          expires_at: parent.expires_at && parent.expires_at < end ? parent.expires_at : end,
        });
      },
    }),

    update: steps({
      async run({ sql, input, target, caller, now, unchanged }: Call<InputOf<Ops['update']>, FoundKeyRow>) {
        requireOneKey(target);
        const { id: _, name = target.name ?? '', all_tenants: reach, ...given } = input;
        if (Object.keys(input).length === 1)
          throw invalidInput('nothing to change: set name, permissions, cidrs, expires_at or all_tenants');
        const limits = limitsFor(given, target, caller, now);
        const allTenants = applyReach(reach, target.all_tenants, limits, caller);
        if (has(target, { ...limits, name, all_tenants: allTenants })) return unchanged(target);
        return { ...(await createPgKeyRepository(sql).change(target.id, name, limits, allTenants)), namesakes: 0 };
      },
      finish: forgetOwn,
    }),

    rotate: steps({
      async check({ target, caller }: Call<InputOf<Ops['rotate']>, FoundKeyRow>) {
        refuseTemporary(caller);
        requireOneKey(target);
        requireWithin(target, caller);
        return applyReach(undefined, target.all_tenants, target, caller);
      },
      // Without an overlap the new key takes the place of the old one.
      quota: async (call) => (call.input.overlap_seconds ? countOne(call) : []),
      async run({ sql, input, target, tenantId, userId, caller, newId, now, about, checked: allTenants }) {
        const keys = createPgKeyRepository(sql);
        const using = await holdKeyOf(sql, caller);
        if (input.overlap_seconds)
          await keys.expire(target.id, new Date(now.getTime() + input.overlap_seconds * 1_000));
        else await keys.revoke(target.id, now);
        const { name, permissions: held, cidrs, expires_at } = target;
        const id = newId();
        about({ metadata: { ...input, new_id: id } });
        // Whom the new key was shown to knows it: another API key takes it along. A person who is logged in does not.
        const madeWith = using.kind === 'api' && using.id !== target.id ? using.id : target.made_with;
        const made = await make(sql, {
          id,
          userId,
          tenantId,
          name: name ?? '',
          at: now,
          permissions: held,
          cidrs,
          expires_at,
          madeWith,
          allTenants,
        });
        await keys.replaceMadeWith(target.id, id);
        return made;
      },
      finish: forgetOwn,
    }),

    revoke: steps({
      async run(call: Call<InputOf<Ops['revoke']>, FoundKeyRow>) {
        const { name, namesakes } = call.target;
        if (namesakes > 0) throw conflict(`${namesakes + 1} API keys are named '${name}'; use an id`);
        return revoke(call);
      },
      finish: forgetOwn,
    }),
  };
};

export const createMemberKeyHandlers = ({
  forgetCallers,
}: Pick<KeyDeps, 'forgetCallers'>): Handlers<typeof memberKeyOperations, { member_key: ApiKeyRow }> => ({
  async list({ sql, input, tenantId }: Call<InputOf<(typeof memberKeyOperations)['list']>>) {
    const page = pageRequest(input);
    const keys = createPgKeyRepository(sql);
    const { user_id: userId } = input;
    const rows = await (userId === undefined
      ? keys.listOfTenant(tenantId, page)
      : keys.listOfMember(tenantId, userId, page));
    return toPage(rows, page.limit, (row) => row.id);
  },
  revoke: steps({
    run: (call: Call<InputOf<(typeof memberKeyOperations)['revoke']>, ApiKeyRow>) => revoke(call),
    async finish({ tenantId }) {
      forgetCallers(`tenant ${tenantId}`);
    },
  }),
});
