import { describe, expect, it } from 'vitest';
import type { Entry } from '../../kernel/registry.ts';
import { allOperations } from '../../testing/all-operations.ts';
import { setUpOperations } from '../../testing/operation-world.ts';
import type { Actor, Answer } from '../../testing/test-api.ts';
import { BUILT_IN_ROLES } from './built-in-roles.ts';
import { mayCall } from './role-matrix.ts';

const options = allOperations();
const { registry } = options;
const world = setUpOperations(options);
const entries = [...registry.entries.values()].filter(({ scope, plane }) => scope !== 'public' && plane === 'control');
const needed = [...new Set(entries.flatMap(({ permission }) => permission ?? []))].sort();

interface Tried {
  readonly role: string;
  readonly permissions: readonly string[];
}
/** Each built-in role, and a role of each single permission. */
const tried: readonly Tried[] = [
  ...BUILT_IN_ROLES.map(({ name, permissions }) => ({ role: name, permissions })),
  ...needed.map((permission) => ({ role: permission.replace(':', '-'), permissions: [permission] })),
];

/** A tenant's member with a role, which is made if it is not built in. */
async function makeMember(tenantId: string, { role, permissions }: Tried): Promise<Actor> {
  const { api } = world;
  if (BUILT_IN_ROLES.every(({ name }) => name !== role))
    await api.owner.query(
      `with made as (insert into tenant_roles (tenant_id, name) values ($1, $2) returning id)
       insert into tenant_role_permissions (tenant_id, role_id, permission) select $1, id, unnest($3::text[]) from made`,
      [tenantId, role, permissions],
    );
  return api.makeMember(tenantId, role);
}

/** Whether a colleague of the actor finds what the call is about. */
async function isShared(entry: Entry, input: Readonly<Record<string, unknown>>, colleague: Actor): Promise<boolean> {
  const [target] = entry.targets;
  const kind = entry.targetKinds[0];
  if (!target || !kind) return true;
  const { tenantId, userId } = colleague;
  const look = { tenantId, userId, ref: String(input[target.param]), lock: false };
  return world.api.database
    .transaction({ tenantId, userId }, (sql) => kind.find(sql, look))
    .then(
      (row) => row !== undefined,
      () => false,
    );
}

/** Why a call was refused that lacks the permission, as opposed to one that would grant what the caller lacks. */
const isForRole = ({ status, message }: Answer): boolean =>
  status === 403 && /^this needs the permission '|^only the operator of the platform/.test(message ?? '');

describe('every operation, called with each built-in role and with a role of each single permission', () => {
  it('is refused to exactly those that the matrix does not name, and then changes nothing', {
    timeout: 600_000,
  }, async () => {
    const { api } = world;
    const home = await api.makeActor();
    const members = new Map<Tried, Actor>();
    for (const one of tried) members.set(one, await makeMember(home.tenantId, one));
    const faults: string[] = [];
    let calls = 0;
    for (const entry of entries) {
      const input = await world.inputOf(entry, home);
      const without = tried.filter(({ permissions }) => !mayCall(permissions, entry));
      // What is one's own is made for each.
      const own = new Map<Tried, Readonly<Record<string, unknown>>>();
      if (without[0] && !(await isShared(entry, input, members.get(without[0])!)))
        for (const one of without) own.set(one, await world.inputOf(entry, members.get(one)!));
      await world.expectNoChange(async () => {
        // By tens, as a front serves them.
        for (let first = 0; first < without.length; first += 10)
          await Promise.all(
            without.slice(first, first + 10).map(async (one) => {
              const answer = await api.call(entry.name, own.get(one) ?? input, members.get(one)!);
              calls++;
              if (!isForRole(answer)) faults.push(`${entry.name} as ${one.role}: ${answer.status} ${answer.message}`);
            }),
          );
      });
    }
    expect(faults).toEqual([]);
    expect(calls).toBeGreaterThan(1_000);
  });

  it('is open to exactly those that the matrix names', { timeout: 600_000 }, async () => {
    const { api } = world;
    const faults: string[] = [];
    for (const entry of entries.filter(({ scope }) => scope !== 'operator')) {
      // Of single permissions only the one that is needed says more than the built-in roles do.
      const within = tried.filter(
        ({ role, permissions }) =>
          mayCall(permissions, entry) && (entry.permission !== undefined || !role.includes('-')),
      );
      for (const one of within) {
        // A tenant for each: what one does must not be in the way of the next.
        const { tenantId } = await api.makeActor();
        const member = await makeMember(tenantId, one);
        const answer = await api.call(entry.name, await world.inputOf(entry, member), member);
        const isGood = one.role === 'owner' ? answer.status === entry.status : !isForRole(answer);
        if (!isGood || answer.status >= 500)
          faults.push(`${entry.name} as ${one.role}: ${answer.status} ${answer.message}`);
      }
    }
    expect(faults).toEqual([]);
  });
});
