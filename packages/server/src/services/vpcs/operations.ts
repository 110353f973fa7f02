import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { idsInput, pageInput } from '../../kernel/page.ts';
import { Vpc } from './vpc.ts';

const name = Type.String({
  minLength: 1,
  maxLength: 64,
  // Any characters but control characters, no blank at an end.
  pattern: '^[^\\s\\p{Cc}]([^\\p{Cc}]*[^\\s\\p{Cc}])?$',
  description: 'Unique in the tenant, and not in the form of an id',
});
const ref = Type.String({ minLength: 1, maxLength: 255, description: 'Id or name' });
const target = { kind: 'vpc', param: 'id' } as const;
const settles = { field: 'status', values: ['active', 'error'] } as const;

export const vpcOperations = {
  create: operation({
    summary: 'Create a VPC',
    description:
      'A private network of its own: its addresses may be the same as in any other VPC, and no packet crosses from one to another.',
    effect: 'create',
    http: { method: 'POST', path: '/vpcs' },
    input: Type.Object(
      {
        name,
        cidr_block: Type.Optional(
          Type.String({ maxLength: 18, description: 'RFC 1918, /16 to /28; default 10.0.0.0/16' }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Vpc,
    settles,
    cli: { args: ['name'] },
  }),
  list: operation({
    summary: 'List VPCs',
    effect: 'list',
    http: { method: 'GET', path: '/vpcs' },
    input: Type.Object({ ...pageInput, ...idsInput }, { additionalProperties: false }),
    output: Vpc,
    cli: { columns: ['id', 'name', 'cidr_block', 'status', 'created_at'] },
  }),
  get: operation({
    summary: 'Get a VPC',
    effect: 'read',
    http: { method: 'GET', path: '/vpcs/:id' },
    input: Type.Object({ id: ref }, { additionalProperties: false }),
    output: Vpc,
    target,
    settles,
    cli: { args: ['id'] },
  }),
  update: operation({
    summary: 'Rename a VPC',
    effect: 'update',
    http: { method: 'PATCH', path: '/vpcs/:id' },
    input: Type.Object({ id: ref, name }, { additionalProperties: false }),
    output: Vpc,
    target,
    cli: { args: ['id'] },
  }),
  delete: operation({
    summary: 'Delete a VPC',
    description: 'Refused while something is in it.',
    effect: 'delete',
    http: { method: 'DELETE', path: '/vpcs/:id' },
    input: Type.Object(
      {
        id: ref,
        force: Type.Optional(
          Type.Boolean({
            description: 'Deletes its load balancers and auto-scaling groups with it, once these exist; today nothing',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Type.Object({ message: Type.String() }),
    target,
    cli: { args: ['id'] },
  }),
};
