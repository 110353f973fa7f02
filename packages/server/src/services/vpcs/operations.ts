import Type from 'typebox';
import { deleteOperation, getOperation, listOperation, ref, settlesAt } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { idsInput, pageInput } from '../../kernel/page.ts';
import { DEFAULT_CIDR } from './cidr.ts';
import { NetworkInterface } from './network-interface.ts';
import { Vpc } from './vpc.ts';

const name = Type.String({
  minLength: 1,
  maxLength: 64,
  // No URL can hold . or .. as a part of its path.
  // The control characters by number: clients in other languages read this pattern, and Python's do not know \p{Cc}.
  pattern: '^(?!\\.{1,2}$)[^\\s\\x00-\\x1f\\x7f-\\x9f]([^\\x00-\\x1f\\x7f-\\x9f]*[^\\s\\x00-\\x1f\\x7f-\\x9f])?$',
  'x-form': 'free of control characters and of spaces at both ends, and not . or ..',
  description: 'Unique in the tenant; must not look like an id',
});
const vpc = { kind: 'vpc', title: 'a VPC', path: '/vpcs', output: Vpc } as const;
const settles = settlesAt('active', 'error');

export const vpcOperations = {
  create: operation({
    summary: 'Create a VPC',
    description:
      'Creates a private network. Its addresses may overlap with those of other VPCs; no packet crosses between VPCs.',
    effect: 'create',
    http: { method: 'POST', path: '/vpcs' },
    input: Type.Object(
      {
        name,
        cidr_block: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 18,
            default: DEFAULT_CIDR,
            description: `RFC 1918, /16 to /28; default ${DEFAULT_CIDR}`,
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Vpc,
    creates: 'vpc',
    uses: ['vpcs'],
    answers: 'vpc',
    settles,
    cli: { args: ['name'] },
  }),
  list: listOperation({ ...vpc, title: 'VPCs' }, ['id', 'name', 'cidr_block', 'status', 'created_at'], {
    input: Type.Object({ ...pageInput, ...idsInput }, { additionalProperties: false }),
  }),
  get: getOperation(vpc, { settles }),
  interfaces: operation({
    summary: 'List what is in a VPC',
    description:
      'Each network interface with its addresses, its names and the resource that it belongs to, in the order of addresses.',
    effect: 'list',
    http: { method: 'GET', path: '/vpcs/:id/interfaces' },
    input: Type.Object({ id: ref, ...pageInput }, { additionalProperties: false }),
    output: NetworkInterface,
    target: { kind: 'vpc', param: 'id' },
    cli: {
      args: ['id'],
      columns: ['private_ip', 'hostname', 'resource_type', 'resource_name', 'mac_address', 'created_at'],
    },
    console: 'custom',
  }),
  update: operation({
    summary: 'Rename a VPC',
    effect: 'update',
    http: { method: 'PATCH', path: '/vpcs/:id' },
    input: Type.Object({ id: ref, name }, { additionalProperties: false }),
    output: Vpc,
    target: { kind: 'vpc', param: 'id' },
    answers: 'vpc',
    cli: { args: ['id'] },
  }),
  delete: deleteOperation(vpc, {
    description: 'Refused while the VPC contains resources. It shows the status DELETING until its network is gone.',
    input: Type.Object(
      {
        id: ref,
        force: Type.Optional(
          Type.Boolean({
            description: 'Reserved: will also delete its load balancers and auto-scaling groups; has no effect today',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  }),
};
