import Type from 'typebox';
import { conflict, notFound } from '../../kernel/errors.ts';
import { operation } from '../../kernel/operation.ts';
import { lockQuotas } from '../../kernel/quota.ts';
import { pageInput, pageRequest, toPage } from '../../kernel/page.ts';
import { type Call, type Handlers, type Kind, service, type Usage } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { stopInstancesOf } from '../instances/index.ts';
import { tenantExamples } from './examples.ts';
import { OperatedTenant, type OperatedTenantRow, plan, presentTenant, tenantStatus } from './tenant.ts';
import { createPgOperatedTenants } from './tenant-repository.pg.ts';
import { createPgOperatedUsers } from './user-repository.pg.ts';

const tenantRef = Type.String({ minLength: 1, maxLength: 255, description: 'Id or slug' });
const target = { kind: 'operated_tenant', param: 'id' } as const;
const shared = { scope: 'operator', output: OperatedTenant, cli: { args: ['id'] } } as const;
const acts = { ...shared, target, answers: 'operated_tenant' } as const;

export const tenantOperations = {
  list: operation({
    summary: 'List tenants',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/tenants' },
    input: Type.Object(
      {
        ...pageInput,
        status: Type.Optional(tenantStatus),
        plan: Type.Optional(plan),
        owner: Type.Optional(
          Type.String({ minLength: 1, maxLength: 255, description: 'Id or e-mail address of the owner' }),
        ),
        usage: Type.Optional(Type.Boolean({ description: 'Show what each tenant uses' })),
      },
      { additionalProperties: false },
    ),
    output: OperatedTenant,
    references: { owner: 'operated_user' },
    errors: ['NOT_FOUND'],
    cli: { columns: ['id', 'slug', 'owner_email', 'plan', 'status', 'members', 'usage', 'created_at'] },
  }),
  get: operation({
    ...shared,
    summary: 'Get a tenant and its usage',
    effect: 'read',
    http: { method: 'GET', path: '/operator/tenants/:id' },
    input: Type.Object({ id: tenantRef }, { additionalProperties: false }),
    target,
  }),
  suspend: operation({
    ...acts,
    summary: 'Suspend a tenant',
    description:
      'Every call in the tenant is refused within a second, with the reason. Its instances keep running, unless you pass stop. Its data stays.',
    effect: 'action',
    http: { method: 'POST', path: '/operator/tenants/:id/suspend' },
    input: Type.Object(
      {
        id: tenantRef,
        reason: Type.String({ minLength: 1, maxLength: 500, description: 'What its members are told' }),
        stop: Type.Optional(
          Type.Boolean({ description: 'Also stop its instances; they stay stopped when it is resumed' }),
        ),
      },
      { additionalProperties: false },
    ),
  }),
  resume: operation({
    ...acts,
    summary: 'Resume a suspended tenant',
    effect: 'action',
    http: { method: 'POST', path: '/operator/tenants/:id/resume' },
    input: Type.Object({ id: tenantRef }, { additionalProperties: false }),
  }),
  setPlan: operation({
    ...acts,
    summary: "Set a tenant's plan",
    description: 'A word for people and billing. It changes no quota.',
    effect: 'update',
    http: { method: 'PUT', path: '/operator/tenants/:id/plan' },
    input: Type.Object({ id: tenantRef, plan }, { additionalProperties: false }),
    cli: { args: ['id', 'plan'] },
  }),
};

/** What a tenant uses, of all services that count by tenant. */
const usageOf = async (
  sql: Sql,
  usages: readonly Usage[],
  tenantId: string,
): Promise<Readonly<Record<string, number>>> =>
  Object.assign({}, ...(await Promise.all(usages.map((usage) => usage(sql, { tenantId, userId: '' })))));

const createHandlers = (
  usages: () => readonly Usage[],
): Handlers<typeof tenantOperations, { operated_tenant: OperatedTenantRow }> => ({
  async list({ sql, input }) {
    const page = pageRequest(input);
    const owner = input.owner === undefined ? undefined : await createPgOperatedUsers(sql).find(input.owner, false);
    if (input.owner !== undefined && !owner) throw notFound('user', input.owner);
    const filter = { status: input.status, plan: input.plan, ownerId: owner?.id };
    const rows = await createPgOperatedTenants(sql).list(page, filter);
    const { items, nextCursor } = toPage(rows, page.limit, (row) => row.id);
    const shown: OperatedTenant[] = [];
    // One tenant after the other: a page of a thousand must not fill the connection's queue.
    for (const row of items)
      shown.push({ ...presentTenant(row), ...(input.usage ? { usage: await usageOf(sql, usages(), row.id) } : {}) });
    return { items: shown, ...(nextCursor === undefined ? {} : { nextCursor }) };
  },

  async get({ sql, target: tenant }) {
    return { ...presentTenant(tenant), usage: await usageOf(sql, usages(), tenant.id) };
  },

  async suspend(call) {
    const { sql, target: tenant, input, now, about } = call;
    refuseClosed(tenant);
    if (tenant.id === call.tenantId)
      throw conflict(`'${tenant.slug}' is the tenant that you act in; suspending it would end this session's access`);
    if (tenant.status === 'suspended') throw conflict(`the tenant '${tenant.slug}' is suspended already`);
    // Behind this lock no launch is under way, which `stop` would not see; those that wait for it see the suspension.
    await lockQuotas(sql, tenant.id);
    await createPgOperatedTenants(sql).setStatus(tenant.id, 'suspended', input.reason, now);
    const stopped = input.stop ? await stopInstancesOf(sql, tenant.id, now) : 0;
    about({ tenantId: tenant.id, metadata: { reason: input.reason, ...(input.stop ? { stopped } : {}) } });
    return { ...tenant, status: 'suspended', status_reason: input.reason };
  },

  async resume(call: Call<unknown, OperatedTenantRow>) {
    const { sql, target: tenant, now, about } = call;
    refuseClosed(tenant);
    if (tenant.status !== 'suspended') throw conflict(`the tenant '${tenant.slug}' is not suspended`);
    await createPgOperatedTenants(sql).setStatus(tenant.id, 'active', null, now);
    about({ tenantId: tenant.id });
    return { ...tenant, status: 'active', status_reason: null };
  },

  async setPlan({ sql, target: tenant, input, now, about }) {
    refuseClosed(tenant);
    if (tenant.plan === input.plan) throw conflict(`the tenant '${tenant.slug}' has the plan '${input.plan}' already`);
    await createPgOperatedTenants(sql).setPlan(tenant.id, input.plan, now);
    about({ tenantId: tenant.id });
    return { ...tenant, plan: input.plan };
  },
});

function refuseClosed({ slug, closed_at: closedAt }: OperatedTenantRow): void {
  if (closedAt) throw conflict(`the tenant '${slug}' was closed at ${closedAt.toISOString()} and cannot be changed`);
}

const operatedTenant: Kind<OperatedTenantRow> = {
  noun: 'tenant',
  find: (sql, { ref, lock }) => createPgOperatedTenants(sql).find(ref, lock),
  id: (row) => row.id,
  name: (row) => row.slug,
  present: presentTenant,
};

/** All tenants, for the operator. */
export const createAdminTenantsService = (deps: {
  /** Of all services that count by tenant. */
  readonly usages: () => readonly Usage[];
}) =>
  service({
    name: 'admin-tenants',
    resource: 'tenant',
    title: 'Tenants of the platform',
    operations: tenantOperations,
    authority: true,
    console: {
      group: 'operator',
      heading: 'Tenants',
      icon: 'building',
      order: 2,
      summary: 'A tenant holds the resources, members and quotas of one team. Every user has a personal one.',
      title: 'slug',
      columns: ['slug', 'name', 'owner_email', 'plan', 'status', 'members', 'created_at'],
      references: { owner_id: 'operated_user' },
    },
    handlers: createHandlers(deps.usages),
    kinds: { operated_tenant: operatedTenant },
    examples: tenantExamples,
  });
