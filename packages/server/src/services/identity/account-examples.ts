import { systemClock } from '../../kernel/clock.ts';
import type { Example, CallWorld } from '../../kernel/example.ts';
import { newId, newSecret, sha256Hex } from '../../kernel/ids.ts';
import type { authOperations } from './auth-operations.ts';
import { hashRecoveryCode, SECOND_FACTOR_PURPOSE } from './guesses.ts';
import { hashPassword } from './password.ts';
import type { secondFactorOperations } from './second-factor-operations.ts';
import type { sessionOperations } from './session-operations.ts';
import { codeOfStep, newTotpSecret, stepAt } from './totp.ts';

const noInput = async () => ({});

/** A session of the world's user. */
async function insertSession({ owner, userId, tenantId, unique }: CallWorld): Promise<{ id: string; key: string }> {
  const [id, key] = [newId(), `thecloud_${sha256Hex(unique()).slice(0, 32)}`];
  await owner.query(
    `insert into api_keys (id, user_id, tenant_id, key, name, kind, expires_at, ip_address, user_agent)
     values ($1, $2, $3, $4, 'login session', 'session', now() + interval '1 day', '192.0.2.7', 'curl/8')`,
    [id, userId, tenantId, sha256Hex(key)],
  );
  return { id, key };
}

/** Gives the world's user the world's password again, and no second factor. */
async function reset({ owner, userId, password }: CallWorld): Promise<void> {
  await owner.query('update users set password_hash = $2 where id = $1', [userId, await hashPassword(password)]);
  await owner.query('delete from second_factors where user_id = $1', [userId]);
}

/** Gives the world's user a second factor; answers its secret. */
async function enrol({ owner, userId, seal }: CallWorld, isConfirmed: boolean): Promise<string> {
  const secret = newTotpSecret();
  await owner.query('delete from second_factors where user_id = $1', [userId]);
  await owner.query(
    `insert into second_factors (user_id, secret_sealed, created_at, confirmed_at) values ($1, $2, now(), case when $3 then now() end)`,
    [userId, seal(userId, SECOND_FACTOR_PURPOSE, secret), isConfirmed],
  );
  return secret;
}

/** A recovery code of the world's user, who has a second factor. */
export async function insertRecoveryCode(world: CallWorld): Promise<string> {
  const code = newSecret(8);
  await enrol(world, true);
  await world.owner.query('insert into recovery_codes (user_id, code_hash) values ($1, $2)', [
    world.userId,
    hashRecoveryCode(code),
  ]);
  return code;
}

const newPassword = ({ unique }: CallWorld): string => `Tr0ub4dor&3 ${unique()}`;

export const authExamples: Record<keyof typeof authOperations, Example> = {
  register: {
    input: async (world) => ({
      email: `${world.unique()}@example.com`,
      password: newPassword(world),
      name: 'New Comer',
    }),
  },
  login: {
    input: async (world) => {
      const code = await insertRecoveryCode(world);
      await world.owner.query('update users set password_hash = $2 where id = $1', [
        world.userId,
        await hashPassword(world.password),
      ]);
      return { email: world.email, password: world.password, code };
    },
  },
  logout: { input: async (world) => ({ api_key: (await insertSession(world)).key }) },
  me: { input: noInput },
  update: { input: async ({ unique }) => ({ name: `Ada ${unique()}`, password: 'not needed for a name' }) },
  changePassword: {
    input: async (world) => {
      await reset(world);
      return { old_password: world.password, new_password: newPassword(world) };
    },
  },
  forgotPassword: { input: async ({ email }) => ({ email }) },
  resetPassword: {
    input: async (world) => {
      const token = newSecret(32);
      await world.owner.query(
        `insert into password_resets (id, user_id, token_hash, created_at, expires_at) values ($1, $2, $3, now(), now() + interval '1 hour')`,
        [newId(), world.userId, sha256Hex(token)],
      );
      return { token, new_password: newPassword(world) };
    },
  },
  close: {
    input: async (world) => ({ password: world.password, confirm: world.email }),
    endsCaller: true,
  },
};

export const sessionExamples: Record<keyof typeof sessionOperations, Example> = {
  list: { input: async (world) => (await insertSession(world), {}) },
  end: { input: async (world) => ({ id: (await insertSession(world)).id }) },
  endOthers: { input: async (world) => (await insertSession(world), {}) },
};

export const secondFactorExamples: Record<keyof typeof secondFactorOperations, Example> = {
  get: { input: async (world) => (await insertRecoveryCode(world), {}) },
  enrol: {
    input: async (world) => (await reset(world), { password: world.password }),
  },
  confirm: {
    input: async (world) => ({ code: codeOfStep(await enrol(world, false), stepAt(systemClock.now()) + 1) }),
  },
  recoveryCodes: {
    input: async (world) => ({ code: await insertRecoveryCode(world) }),
  },
  disable: { input: async (world) => ({ code: await insertRecoveryCode(world) }) },
};
