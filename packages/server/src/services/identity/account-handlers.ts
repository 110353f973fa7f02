import { has } from '../../kernel/changes.ts';
import { conflict, invalidInput } from '../../kernel/errors.ts';
import { newAddress, plainName } from '../../kernel/plain-text.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { enterTenant } from '../../kernel/scope.ts';
import { type Handlers, type Preparation, steps, type Usage } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { AccountRepository } from './account-repository.ts';
import { createPgAccountRepository } from './account-repository.pg.ts';
import type { authOperations } from './auth-operations.ts';
import { originSource } from './guesses.ts';
import { createPgIdentityRepository } from './identity-repository.pg.ts';
import { compareOwn, type PasswordDeps, requirePassword } from './password-handlers.ts';
import { presentUser } from './user.ts';

type Ops = typeof authOperations;

export interface AccountDeps extends PasswordDeps {
  /** How much of each quota a tenant uses, of all services: a tenant that uses nothing has no resources. */
  readonly usages: () => readonly Usage[];
}

export const createAccountHandlers = ({
  forgetCallers,
  countLogin,
  usages,
}: AccountDeps): Pick<Handlers<Ops>, 'update' | 'close'> => ({
  update: steps({
    /** Answers the comparison of the password, if the e-mail address changes. */
    async prepare(call: Preparation<InputOf<Ops['update']>>) {
      const { name, email, password } = call.input;
      if (name === undefined && email === undefined)
        throw invalidInput('nothing would change; send name, email or both');
      const present = call.caller.kind === 'user' ? call.caller.email : '';
      if (name !== undefined) plainName('name', name);
      if (email === undefined || email.toLowerCase() === present) return undefined;
      newAddress(email);
      if (password === undefined) throw invalidInput('password is required to change the e-mail address');
      return compareOwn(call, password);
    },
    async run({ sql, input, userId, tenantId, origin, now, prepared, about, unchanged }) {
      const accounts = createPgAccountRepository(sql);
      const identity = createPgIdentityRepository(sql);
      if (prepared) {
        const guesser = { accounts, userId, source: originSource(origin), now, count: countLogin };
        await requirePassword(guesser, prepared);
      }
      const before = (await identity.findUser(userId))!;
      const email = prepared ? newAddress(input.email!) : before.email;
      const name = input.name === undefined ? before.name : plainName('name', input.name);
      if (has(before, { name, email })) return unchanged(presentUser(before, tenantId || undefined));
      const row = await accounts.updateUser(userId, { name, email }, now).catch(refuseTaken(email));
      about({ id: userId });
      return presentUser(row, tenantId || undefined);
    },
    async finish({ userId }) {
      forgetCallers(`user ${userId}`);
    },
  }),

  close: steps({
    async prepare(call: Preparation<InputOf<Ops['close']>>) {
      const email = call.caller.kind === 'user' ? call.caller.email : '';
      if (call.input.confirm.toLowerCase() !== email)
        throw invalidInput('confirm must be your e-mail address; nothing was closed');
      return compareOwn(call, call.input.password);
    },
    async run({ sql, userId, tenantId, origin, now, prepared, about }) {
      const accounts = createPgAccountRepository(sql);
      const guesser = { accounts, userId, source: originSource(origin), now, count: countLogin };
      await requirePassword(guesser, prepared);
      await refuseSoleOwner(sql, accounts, userId, usages());
      await enterTenant(sql, tenantId || undefined);
      if (!(await accounts.closeAccount(userId, now)))
        throw conflict('you are the only operator of this platform; make another user operator first');
      about({ id: userId });
      return { id: userId, message: 'The account is closed' };
    },
    async finish({ userId }) {
      forgetCallers(`user ${userId}`);
    },
  }),
});

/** Quotas of what is nobody's any more once the only member has gone. */
const GOES_ALONG = new Set(['api_keys', 'members', 'invitations', 'roles']);

/** Throws CONFLICT while a tenant would be left without an owner, or with resources that nobody can reach. */
async function refuseSoleOwner(
  sql: Sql,
  accounts: AccountRepository,
  userId: string,
  usages: readonly Usage[],
): Promise<void> {
  for (const { tenant_id: tenantId, name, others } of await accounts.lockSoleTenants(userId)) {
    if (others > 0)
      throw conflict(
        `you are the only owner of the tenant '${name}', which has ${others} other ${others === 1 ? 'member' : 'members'}; make one of them owner or close the tenant first`,
      );
    await enterTenant(sql, tenantId);
    for (const usage of usages) {
      const used = Object.entries(await usage(sql, { tenantId, userId }));
      const [resource, count] = used.find(([name, amount]) => amount > 0 && !GOES_ALONG.has(name)) ?? [];
      if (resource !== undefined)
        throw conflict(
          `your tenant '${name}' still has resources (${resource}: ${count}); delete them or close the tenant first`,
        );
    }
  }
}

const refuseTaken = (email: string) => (error: unknown) => {
  if ((error as { code?: string }).code === '23505')
    throw conflict(`a user with the email '${email}' already exists; choose another`);
  throw error;
};
