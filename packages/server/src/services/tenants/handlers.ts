import { has } from '../../kernel/changes.ts';
import { conflict, forbidden, invalidInput, quotaExceeded } from '../../kernel/errors.ts';
import { newAccountNumber, newSecret } from '../../kernel/ids.ts';
import { plainName } from '../../kernel/plain-text.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { lockQuotas } from '../../kernel/quota.ts';
import { type Blocker, type Call, type CallFacts, type Handlers, steps } from '../../kernel/service.ts';
import { createPgInvitationRepository } from './invitation-repository.pg.ts';
import { createPgMemberRepository, slugOf, wantedSlug } from '../identity/index.ts';
import { endMembership } from './member-handlers.ts';
import type { tenantOperations } from './operations.ts';
import type { TenantRow } from './tenant.ts';
import { createPgTenantRepository } from './tenant-repository.pg.ts';

/** Most tenants that a user may own: more than a person tends, and few enough that nobody fills the platform with them. */
export const MOST_OWNED = 20;
/** Most times that a random account number or slug which is taken is drawn again. */
const MAX_DRAWS = 5;

export interface TenantDeps {
  /** Clears this process's cache of authenticated keys. */
  readonly forgetCallers: (subject?: string) => void;
  /** What keeps a tenant from being closed, of all services. */
  readonly blockers: () => readonly Blocker[];
}

type TenantCall<Verb extends keyof typeof tenantOperations> = Call<InputOf<(typeof tenantOperations)[Verb]>, TenantRow>;

const slugTaken = (slug: string) => conflict(`a tenant with the slug '${slug}' already exists; choose another slug`);

export const createTenantHandlers = ({
  forgetCallers,
  blockers,
}: TenantDeps): Handlers<typeof tenantOperations, { tenant: TenantRow }> => {
  /** So that the next call of this process sees what changed; the others hear of it from the database. */
  const finish = async ({ userId }: CallFacts) => forgetCallers(`user ${userId}`);

  return {
    async create({ sql, input, createdId: id, userId, now, about }) {
      const repository = createPgTenantRepository(sql);
      const name = plainName('name', input.name);
      const given = input.slug === undefined ? undefined : wantedSlug(input.slug);
      const made = slugOf(name) || 'tenant';
      for (let draw = 0; draw < MAX_DRAWS; draw++) {
        const slug = given ?? (draw === 0 && isFree(made) ? made : `${made.slice(0, 50)}-${newSecret(3)}`);
        const outcome = await repository.create({
          id,
          name,
          slug,
          accountNumber: newAccountNumber(),
          at: now,
          most: MOST_OWNED,
        });
        if (outcome === 'too_many')
          throw quotaExceeded(
            `you own ${MOST_OWNED} of ${MOST_OWNED} tenants; close one that you do not need: cloud tenants list`,
          );
        if (outcome === 'slug_taken' && given !== undefined) throw slugTaken(slug);
        if (outcome !== 'created') continue;
        about({ id, tenantId: id });
        return (await repository.find(id, userId, false))!;
      }
      throw conflict('no free slug was found; choose one');
    },

    async update({ sql, input, target, userId, now, unchanged }: TenantCall<'update'>) {
      if (input.name === undefined && input.slug === undefined && input.require_second_factor === undefined)
        throw invalidInput('give a new name, slug or require_second_factor');
      const { require_second_factor: requireSecondFactor = target.require_second_factor } = input;
      const name = input.name === undefined ? target.name : plainName('name', input.name);
      const slug = input.slug === undefined ? target.slug : wantedSlug(input.slug);
      if (requireSecondFactor !== target.require_second_factor && target.role !== 'owner')
        throw forbidden('only an owner decides whether the tenant requires a second factor; ask one of them');
      if (has(target, { name, slug, require_second_factor: requireSecondFactor })) return unchanged(target);
      const repository = createPgTenantRepository(sql);
      try {
        await repository.update(target.id, { name, slug, requireSecondFactor, at: now });
      } catch (error) {
        throw (error as { constraint?: string }).constraint === 'tenants_slug_key' ? slugTaken(slug) : error;
      }
      return (await repository.find(target.id, userId, false))!;
    },

    switch: steps({
      async run({ sql, target, userId, caller, unchanged }: TenantCall<'switch'>) {
        const keyId = caller.kind === 'user' ? caller.keyId : '';
        const { isSession, isMoved } = await createPgTenantRepository(sql).switchTo(target.id, userId, keyId);
        const answer = {
          message: isSession
            ? `you act in the tenant '${target.name}' now`
            : `'${target.name}' is your default tenant now; this API key keeps its own tenant; log in to act in another`,
        };
        return isMoved ? answer : unchanged(answer);
      },
      finish,
    }),

    leave: steps({
      async run({ sql, target, userId }: TenantCall<'leave'>) {
        await endMembership(sql, target.id, { id: userId, role: target.role });
        return { message: `you have left the tenant '${target.name}'` };
      },
      finish,
    }),

    close: steps({
      async run({ sql, input, target, now }: TenantCall<'close'>) {
        if (input.confirm !== target.name && input.confirm !== target.slug)
          throw invalidInput(`confirm '${input.confirm}' is not the name of the tenant, which is '${target.name}'`);
        // Behind this lock no launch is under way; those that wait for it see that the tenant is closed.
        await lockQuotas(sql, target.id);
        const counts = await Promise.all(blockers().map((blocker) => blocker.count(sql, target.id)));
        const left = blockers()
          .map(({ noun }, nth) => ({ noun, count: counts[nth]! }))
          .filter(({ count }) => count > 0)
          .map(({ noun, count }) => `${count} ${noun}${count === 1 ? '' : 's'}`);
        if (left.length > 0)
          throw conflict(`the tenant '${target.name}' still contains ${left.join(', ')}; delete them first`);
        await createPgTenantRepository(sql).close(target.id, now);
        await createPgInvitationRepository(sql).removeAll(target.id);
        await createPgMemberRepository(sql).end(null);
        return { message: `the tenant '${target.name}' is closed` };
      },
      finish: async ({ tenantId }) => forgetCallers(`tenant ${tenantId}`),
    }),
  };
};

/** Whether a slug that was made of a name means nothing else. */
function isFree(slug: string): boolean {
  try {
    return wantedSlug(slug) === slug;
  } catch {
    return false;
  }
}
