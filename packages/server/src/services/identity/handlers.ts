import { committed, conflict, forbidden, unauthorized } from '../../kernel/errors.ts';
import { newAccountNumber, newAwsKeyPair, newSecret, sha256Hex } from '../../kernel/ids.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import type { Sealer } from '../../kernel/seal.ts';
import type { Call, Handlers, QuotaUse } from '../../kernel/service.ts';
import type { IdentityRepository } from './identity-repository.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import type { authOperations, keyOperations } from './operations.ts';
import { checkPassword, hashPassword, verifyPassword } from './password.ts';
import { type ApiKey, type FoundKeyRow, presentKey, presentUser } from './user.ts';

/** Hours that a session key of a login lives. */
export const SESSION_HOURS = 24;

/** Live API keys of a user in a tenant without a quota of its own; the session keys of logins are not counted. */
const DEFAULT_QUOTA = 50;

/** What an AWS secret is sealed for. */
export const AWS_SECRET_PURPOSE = 'aws-secret';

/** Most times a random account number or slug that is taken is drawn again. */
const MAX_DRAWS = 5;

/** Keys look like `thecloud_` + 32 hex (contract, rule 6). */
const newKey = () => {
  const key = `thecloud_${newSecret(16)}`;
  return { key, hash: sha256Hex(key), prefix: key.slice(0, 13) };
};

const slugOf = (name: string): string =>
  name
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40) || 'tenant';

const locked = () => committed(unauthorized('too many wrong passwords: this user is locked for up to 15 minutes'));

export const createAuthHandlers = (): Handlers<typeof authOperations> => ({
  async register(call) {
    const { email, password, name } = call.input;
    checkPassword(password);
    const repository = createPgIdentityRepository(call.sql);
    const user = {
      userId: call.createdId,
      email: email.toLowerCase(),
      name,
      tenantId: call.newId(),
      passwordHash: await hashPassword(password),
      at: call.now,
    };
    await registerOnce(repository, { ...user, tenantName: `${name}'s tenant`, slug: slugOf(email.split('@')[0]!) });
    await call.becomes({ userId: user.userId, tenantId: user.tenantId });
    const row = await repository.findUser(user.userId);
    return presentUser(row!, user.tenantId);
  },

  async login(call) {
    const repository = createPgIdentityRepository(call.sql);
    const login = await repository.findLogin(call.input.email);
    if (login?.locked_until && login.locked_until > call.now) {
      throw locked();
    }
    const fits = await verifyPassword(call.input.password, login?.password_hash);
    if (!login || !fits || login.closed_at) {
      if (login) await repository.recordLogin(login.id, false, call.now);
      throw committed(unauthorized('invalid email or password'));
    }
    // Asked again under the row's lock: guesses in parallel must not slip past the limit.
    if (!(await repository.recordLogin(login.id, true, call.now))) throw locked();
    await call.becomes({ userId: login.id, ...(login.default_tenant_id ? { tenantId: login.default_tenant_id } : {}) });
    const expiresAt = new Date(call.now.getTime() + SESSION_HOURS * 3_600_000);
    const { key, hash, prefix } = newKey();
    await repository.insertKey({
      id: call.newId(),
      userId: login.id,
      tenantId: login.default_tenant_id,
      name: 'login session',
      kind: 'session',
      hash,
      prefix,
      expiresAt,
      awsAccessKeyId: null,
      awsSecretSealed: null,
      at: call.now,
    });
    call.about({ id: login.id });
    return {
      user: presentUser(login, login.default_tenant_id ?? undefined),
      api_key: key,
      expires_at: expiresAt.toISOString(),
    };
  },

  async me(call) {
    const row = await createPgIdentityRepository(call.sql).findUser(call.userId);
    if (!row) throw unauthorized('the user of this key is gone');
    return presentUser(row, call.tenantId || undefined);
  },
});

async function registerOnce(
  repository: IdentityRepository,
  user: {
    userId: string;
    email: string;
    name: string;
    tenantId: string;
    passwordHash: string;
    at: Date;
    tenantName: string;
    slug: string;
  },
): Promise<void> {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const tenantSlug = draw === 0 ? user.slug : `${user.slug}-${newSecret(3)}`;
    const outcome = await repository.register({ ...user, tenantSlug, accountNumber: newAccountNumber() });
    if (outcome === 'created') return;
    if (outcome === 'email_taken')
      throw conflict(`a user with the email '${user.email}' exists already; log in instead`);
    if (outcome === 'closed')
      throw forbidden('registration is closed on this platform; ask its operator for an account');
  }
  throw conflict('no free tenant name was found; try again');
}

export const createKeyHandlers = (sealer: Sealer): Handlers<typeof keyOperations, { api_key: FoundKeyRow }> => ({
  async create(call: Call<{ name: string }>): Promise<ApiKey> {
    const { key, hash, prefix } = newKey();
    const aws = newAwsKeyPair();
    const row = await createPgIdentityRepository(call.sql).insertKey({
      id: call.createdId,
      userId: call.userId,
      tenantId: call.tenantId,
      name: call.input.name,
      kind: 'api',
      hash,
      prefix,
      expiresAt: null,
      awsAccessKeyId: aws.accessKeyId,
      awsSecretSealed: sealer.seal(call.tenantId, AWS_SECRET_PURPOSE, aws.secretAccessKey),
      at: call.now,
    });
    return { ...presentKey(row), key, aws_secret_access_key: aws.secretAccessKey };
  },

  async list(call) {
    const page = pageRequest(call.input);
    const rows = await createPgIdentityRepository(call.sql).listKeys(call.tenantId, call.userId, page);
    return toPage(rows, page.limit, presentKey);
  },

  async revoke(call) {
    const { name, namesakes } = call.target;
    if (namesakes > 0) throw conflict(`${namesakes + 1} API keys are named '${name}'; say which one by its id`);
    await createPgIdentityRepository(call.sql).revokeKey(call.target.id, call.now);
    return {};
  },
});

export async function keyQuota(call: Call): Promise<readonly QuotaUse[]> {
  const used = await createPgIdentityRepository(call.sql).countKeys(call.tenantId, call.userId);
  const refusal = `you have ${used} API keys in this tenant, its quota 'api_keys' lets a user have no more; revoke one, or ask the operator for a higher quota`;
  return [{ resource: 'api_keys', used, wanted: 1, defaultMax: DEFAULT_QUOTA, refusal }];
}
