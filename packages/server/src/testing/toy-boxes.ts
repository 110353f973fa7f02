import Type from 'typebox';
import { deleteOperation, deletes, getOperation, listOperation, ref } from '../kernel/builders.ts';
import { operation } from '../kernel/operation.ts';
import { kindOf, presentRow } from '../kernel/resource.ts';
import { type Call, type Kind, type Service, service } from '../kernel/service.ts';
import { type VpcRow, VPCS as vpcs } from '../services/vpcs/vpc.ts';

export interface Part {
  readonly id: string;
  readonly name: string;
  readonly vpc_id: string;
}

const Box = Type.Object({ id: Type.String(), name: Type.String(), version: Type.Integer(), status: Type.String() });
const PartShape = Type.Object({ id: Type.String(), name: Type.String() });
const box = { kind: 'box', title: 'a box', path: '/boxes', output: Box } as const;
const within = { box: ref, part: ref };
const toPart = [
  { kind: 'box', param: 'box' },
  { kind: 'part', param: 'part' },
] as const;

/** A part is found within its box only, whatever its name. */
const part: Kind<Part> = {
  noun: 'part',
  find: async (sql, { tenantId, ref: name, lock, within: inside }) =>
    (
      await sql.query<Part>(
        lock ? 'test.find_part_locked' : 'test.find_part',
        `select id, name, vpc_id from instances where tenant_id = $1 and vpc_id = $2 and name = $3${lock ? ' for no key update' : ''}`,
        [tenantId, (inside as VpcRow).id, name],
      )
    )[0],
  id: (row) => row.id,
  name: (row) => row.name,
  present: (row) => ({ id: row.id, name: row.name }),
};

/**
 * A service as the kernel's builders make it: boxes are rows of the table `vpcs`, parts within them are rows of `instances`. Another one
 * has lids, which are in the way of a box's deletion as its parts are.
 */
export const createToyBoxes = (facts: {
  readonly lids?: (boxId: string) => number;
  readonly see?: (call: Call) => void;
}): readonly Service[] => [
  service({
    name: 'boxes',
    resource: 'box',
    title: 'Boxes',
    operations: {
      list: listOperation({ ...box, title: 'boxes' }, ['id', 'name']),
      get: getOperation(box),
      rename: operation({
        summary: 's',
        effect: 'update',
        http: { method: 'PATCH', path: '/boxes/:id' },
        input: Type.Object({ id: ref, name: Type.String() }, { additionalProperties: false }),
        output: Box,
        target: { kind: 'box', param: 'id' },
        answers: 'box',
      }),
      delete: deleteOperation(box),
      poke: operation({
        summary: 's',
        effect: 'action',
        plane: 'data',
        http: { method: 'POST', path: '/boxes/:id/poke' },
        input: Type.Object({ id: ref }, { additionalProperties: false }),
        output: Type.Object({}),
        target: { kind: 'box', param: 'id' },
      }),
      getPart: operation({
        summary: 's',
        effect: 'read',
        http: { method: 'GET', path: '/boxes/:box/parts/:part' },
        input: Type.Object(within, { additionalProperties: false }),
        output: PartShape,
        targets: toPart,
        answers: 'part',
      }),
      shake: operation({
        summary: 's',
        effect: 'action',
        http: { method: 'POST', path: '/boxes/:box/parts/:part/shake' },
        input: Type.Object(within, { additionalProperties: false }),
        output: PartShape,
        targets: toPart,
        answers: 'part',
      }),
    },
    handlers: {
      rename: async ({ sql, target, input }: Call<{ readonly name: string }, VpcRow>) =>
        (
          await sql.query<VpcRow>(
            'test.rename_box',
            `update vpcs set name = $2, version = version + 1 where id = $1 returning ${vpcs.columns}`,
            [target.id, input.name],
          )
        )[0],
      delete: deletes(vpcs, 'box', 'box'),
      poke: async () => ({}),
      shake: async (call: Call<unknown, Part>) => {
        facts.see?.(call);
        return call.target;
      },
    },
    kinds: {
      box: kindOf(vpcs, {
        noun: 'box',
        present: (row) => ({
          ...presentRow(row, ['id', 'name', 'version']),
          status: row.deleted_at ? 'DELETING' : row.status,
        }),
      }),
      part,
    },
    blocks: {
      box: {
        noun: 'part',
        count: async (sql, id) =>
          (
            await sql.query<{ count: number }>(
              'test.count_parts',
              'select count(*)::int as count from instances where vpc_id = $1',
              [id],
            )
          )[0]!.count,
      },
    },
  }),
  service({
    name: 'lids',
    resource: 'lid',
    title: 'Lids',
    operations: {},
    handlers: {},
    blocks: { box: { noun: 'lid', count: async (_sql, id) => facts.lids?.(id) ?? 0 } },
  }),
];
