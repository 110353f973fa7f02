import Type from 'typebox';
import { listOperation } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { Tenant } from './tenant.ts';

const name = Type.String({
  minLength: 1,
  maxLength: 100,
  // No URL can hold . or .. as a part of its path. Control characters would begin another line of a mail.
  pattern: '^(?!\\.{1,2}$)[^\\s\\x00-\\x1f\\x7f-\\x9f]([^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f])?$',
  'x-form': 'free of control characters and of spaces at both ends, and not . or ..',
});
const slug = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'Unique on the platform. Capitals become small letters, blanks and other characters hyphens',
});
const requireSecondFactor = Type.Boolean({
  description: 'Whether members need a second factor to act in the tenant',
});

/** In paths: the tenant in which a call acts. */
export const tenantRef = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[A-Za-z0-9-]+$',
  'x-form': 'the id or the slug of a tenant',
  description: 'Id or slug of the tenant; `current` is the active one',
});
const byTenant = Type.Object({ id: tenantRef }, { additionalProperties: false });
const target = { kind: 'tenant', param: 'id' } as const;
const message = Type.Object({ message: Type.String() });
const columns = ['id', 'slug', 'name', 'role', 'status'];

export const tenantOperations = {
  create: operation({
    summary: 'Create a tenant',
    description:
      'You become its owner. Without a slug, the slug is made from the name. A user can own at most 20 tenants. To act in the tenant, switch to it.',
    effect: 'create',
    scope: 'user',
    http: { method: 'POST', path: '/tenants' },
    input: Type.Object({ name, slug: Type.Optional(slug) }, { additionalProperties: false }),
    output: Tenant,
    errors: ['QUOTA_EXCEEDED'],
    answers: 'tenant',
    cli: { args: ['name'], columns },
  }),
  list: listOperation({ kind: 'tenant', title: 'your tenants', path: '/tenants', output: Tenant }, columns, {
    description: 'Lists the tenants of which you are a member, with your role, and why one is suspended.',
    scope: 'user',
    cli: { columns: [...columns, 'status_reason'] },
  }),
  get: operation({
    summary: 'Get a tenant',
    effect: 'read',
    http: { method: 'GET', path: '/tenants/:id' },
    input: byTenant,
    output: Tenant,
    tenant: 'id',
    target,
    answers: 'tenant',
    cli: { args: ['id'] },
  }),
  update: operation({
    summary: 'Change a tenant',
    description:
      'Changes its name, its slug, or whether its members need a second factor, which only an owner decides.',
    effect: 'update',
    http: { method: 'PATCH', path: '/tenants/:id' },
    input: Type.Object(
      {
        id: tenantRef,
        name: Type.Optional(name),
        slug: Type.Optional(slug),
        require_second_factor: Type.Optional(requireSecondFactor),
      },
      { additionalProperties: false },
    ),
    output: Tenant,
    tenant: 'id',
    target,
    answers: 'tenant',
    cli: { args: ['id'], columns },
  }),
  switch: operation({
    summary: 'Switch to a tenant',
    description:
      'Makes it your default tenant. A session then acts in it. An API key keeps the tenant that it was created in; to act elsewhere for one call, send X-Tenant-ID with a session or a key of all tenants.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/tenants/:id/switch' },
    input: byTenant,
    output: message,
    tenant: 'id',
    target,
    cli: { args: ['id'] },
    console: 'custom',
  }),
  leave: operation({
    summary: 'Leave a tenant',
    description: 'Your keys to the tenant stop working immediately. The last owner cannot leave.',
    effect: 'action',
    scope: 'user',
    http: { method: 'POST', path: '/tenants/:id/leave' },
    input: byTenant,
    output: message,
    tenant: 'id',
    target,
    cli: { args: ['id'] },
  }),
  close: operation({
    summary: 'Close a tenant',
    description:
      'Ends all memberships, invitations and keys, and frees the slug. Refused while the tenant contains resources. It cannot be reopened; its audit trail stays.',
    effect: 'action',
    http: { method: 'POST', path: '/tenants/:id/close' },
    input: Type.Object(
      {
        id: tenantRef,
        confirm: Type.String({
          minLength: 1,
          maxLength: 255,
          description: 'The name of the tenant, as a confirmation',
        }),
      },
      { additionalProperties: false },
    ),
    output: message,
    tenant: 'id',
    target,
    permission: 'tenant:delete',
    cli: { args: ['id'] },
  }),
};
