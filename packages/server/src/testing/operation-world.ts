import { afterAll, beforeAll, expect } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../../testkit/src/index.ts';
import type { Example } from '../kernel/example.ts';
import type { Entry, Registry } from '../kernel/registry.ts';
import { type Changes, recordChanges } from './record-changes.ts';
import { type Actor, type Answer, startTestApi, type TestApi, uniqueWord } from './test-api.ts';

export interface OperationOptions {
  /** Whose operations are tested. */
  readonly registry: Registry;
  /** Serves them. Default: the platform's own services. */
  readonly start?: (database: TestDatabase) => Promise<TestApi>;
}

/** What the tests of every operation share: somebody who may, somebody else, and what a call changed. */
export interface OperationWorld {
  readonly api: TestApi;
  readonly owner: Actor;
  readonly stranger: Actor;
  readonly changes: Changes;
  exampleOf(entry: Entry): Example;
  /** Who calls it: the owner, or somebody new where a call ends its caller. */
  callerOf(entry: Entry): Promise<Actor>;
  /** A new good input, for what lies in the tenant of this actor. Default: the owner. */
  inputOf(entry: Entry, actor?: Actor): Promise<Readonly<Record<string, unknown>>>;
  isGood(entry: Entry, answer: Answer): void;
  /** Makes the calls, each of which must be refused and change nothing. */
  expectNoChange(calls: () => Promise<void>): Promise<void>;
  /**
   * A member of a new tenant who has every permission but this one; `grant` gives it to them. Of one tenant no more than so many refusals
   * a second are written down.
   */
  makeMemberWithout(permission: string): Promise<{ member: Actor; grant(): Promise<void> }>;
}

/** Call it at the top of a test file: it makes the database before the first test and drops it after the last. */
export function setUpOperations({ registry, start }: OperationOptions): OperationWorld {
  let test: TestDatabase;
  let api: TestApi;
  let owner: Actor;
  let stranger: Actor;
  let changes: Changes;
  beforeAll(async () => {
    test = await createTestDatabase();
    api = await (start ?? ((database) => startTestApi({ database })))(test);
    // The operator of the platform too: what operators may do is tried as well.
    owner = await api.makeActor({ platformRole: 'admin' });
    stranger = await api.makeActor();
    changes = await recordChanges(api.owner);
  });
  afterAll(async () => {
    await api.stop();
    await test.drop();
  });
  const services = new Map(registry.services.map((service) => [service.name, service]));
  const permissions = [...new Set([...registry.entries.values()].flatMap((entry) => entry.permission ?? []))];
  const exampleOf = (entry: Entry): Example => {
    const example = services.get(entry.service)!.examples?.[entry.verb];
    if (!example) throw new Error(`${entry.name} has no example: write one in services/*/examples.ts`);
    return example;
  };

  return {
    get api() {
      return api;
    },
    get owner() {
      return owner;
    },
    get stranger() {
      return stranger;
    },
    get changes() {
      return changes;
    },
    exampleOf,
    callerOf: async (entry) => (exampleOf(entry).endsCaller ? api.makeActor() : owner),
    inputOf: (entry, actor = owner) => exampleOf(entry).input(api.worldOf(actor)),
    isGood: (entry, answer) => {
      expect(answer, `${entry.name}: ${answer.text}`).toMatchObject({ status: entry.status });
    },
    async expectNoChange(calls) {
      await changes.take();
      await calls();
      expect(await changes.take()).toEqual([]);
    },
    async makeMemberWithout(permission) {
      const role = uniqueWord();
      const { tenantId } = await api.makeActor();
      const { rows } = await api.owner.query<{ id: string }>(
        'insert into tenant_roles (tenant_id, name) values ($1, $2) returning id',
        [tenantId, role],
      );
      const grant = (granted: readonly string[]) =>
        api.owner.query(
          'insert into tenant_role_permissions (role_id, tenant_id, permission) select $1, $2, unnest($3::text[])',
          [rows[0]!.id, tenantId, granted],
        );
      // Those of services to come too: who may grant roles needs what is in them.
      const inRoles = await api.owner.query<{ permission: string }>(
        `select distinct permission from role_permissions where permission <> '*'`,
      );
      const all = new Set([...permissions, ...inRoles.rows.map((row) => row.permission)]);
      all.delete(permission);
      await grant([...all]);
      const member = await api.makeMember(tenantId, role);
      return { member, grant: async () => void (await grant([permission])) };
    },
  };
}
