import Type from 'typebox';
import { deleteOperation, deletes, getOperation, listOperation, ref } from '../kernel/builders.ts';
import { systemClock } from '../kernel/clock.ts';
import type { Example, ExampleWorld } from '../kernel/example.ts';
import { operation } from '../kernel/operation.ts';
import { countLive, kindOf, loadRow, presentRow } from '../kernel/resource.ts';
import { type Call, type Kind, type Service, service } from '../kernel/service.ts';
import type { Download, WrittenEvents } from '../kernel/written-answer.ts';
import { insertVpc } from '../services/vpcs/examples.ts';
import { type VpcRow, VPCS as vpcs } from '../services/vpcs/vpc.ts';

const Crate = Type.Object({
  id: Type.String(),
  tenant_id: Type.String(),
  name: Type.String(),
  version: Type.Integer(),
});
const Piece = Type.Object({ id: Type.String(), name: Type.String() });
interface PieceRow {
  readonly id: string;
  readonly name: string;
}
const name = Type.String({
  minLength: 2,
  maxLength: 60,
  pattern: '^[a-z0-9-]+$',
  'x-form': 'small letters, digits and -',
});

const findPiece: Kind<PieceRow>['find'] = async (sql, { tenantId, ref: id, lock, within }) =>
  (
    await sql.query<PieceRow>(
      `test.find_piece${lock ? '_locked' : ''}`,
      `select id, name from instances where tenant_id = $1 and id::text = $2 and vpc_id = $3${lock ? ' for no key update' : ''}`,
      [tenantId, id, (within as VpcRow).id],
    )
  )[0];

async function insertPiece(world: ExampleWorld, crate: string): Promise<string> {
  const { rows } = await world.owner.query<{ id: string }>(
    `insert into instances (user_id, tenant_id, name, image, status, vpc_id) values ($1, $2, $3, 'i', 'RUNNING', $4) returning id`,
    [world.userId, world.tenantId, `piece-${world.unique()}`, crate],
  );
  return rows[0]!.id;
}

const shown = (row: VpcRow) => presentRow(row, ['id', 'tenant_id', 'name', 'version']);

/** Its version, whenever that has changed. */
async function watchCrate({ target, input }: Call<{ readonly after?: string }, VpcRow>): Promise<WrittenEvents> {
  return {
    async *open({ read, signal }) {
      for (let last = Number(input.after ?? 0); ; ) {
        const row = await read((sql) => loadRow(sql, vpcs, target.id));
        if (!row) return;
        if (row.version > last) yield { id: String(row.version), data: shown(row) };
        last = row.version;
        await systemClock.sleep(20, signal);
      }
    },
  };
}

async function dumpCrate({ target }: Call<unknown, VpcRow>): Promise<Download> {
  return {
    fileName: 'crate.csv',
    async *open({ read }) {
      yield 'name,version\n';
      const row = await read((sql) => loadRow(sql, vpcs, target.id));
      yield `${row!.name},${row!.version}\n`;
    },
  };
}

/**
 * A service with one operation of each shape that there is: made, listed, read, changed, acted on and deleted, things within things, and the data
 * plane. For tests of what is derived from descriptors, also of many: each has names of its own.
 */
export function createToyOperations(word: string): Service {
  const kind = `${word}_crate`;
  const piece = `${word}_piece`;
  const path = `/${word}-crates`;
  const crate = { kind, title: 'a crate', path, output: Crate } as const;
  const inCrate = { kind, param: 'crate' } as const;
  const touch = async ({ sql, target }: Call<unknown, VpcRow>) =>
    (
      await sql.query<VpcRow>(
        'test.touch_crate',
        `update vpcs set version = version + 1 where id = $1 returning ${vpcs.columns}`,
        [target.id],
      )
    )[0];
  const example = (input: Example['input']): Example => ({ input });
  const unique = (world: ExampleWorld) => `crate-${world.unique()}`;

  return service({
    name: `${word}-crates`,
    resource: kind,
    title: 'Crates',
    operations: {
      create: operation({
        summary: 'Make a crate',
        effect: 'create',
        http: { method: 'POST', path },
        input: Type.Object(
          {
            name,
            size: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
            labels: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 20 }), { maxItems: 5 })),
            beside: Type.Optional(ref),
            word: Type.String({ minLength: 1, maxLength: 100 }),
          },
          { additionalProperties: false },
        ),
        output: Crate,
        creates: kind,
        uses: ['crates'],
        answers: kind,
        references: { beside: kind },
        secrets: ['word'],
      }),
      list: listOperation({ ...crate, title: 'crates' }, ['id', 'name']),
      get: getOperation(crate),
      rename: operation({
        summary: 'Rename a crate',
        effect: 'update',
        http: { method: 'PATCH', path: `${path}/:id` },
        input: Type.Object({ id: ref, name }, { additionalProperties: false }),
        output: Crate,
        target: { kind, param: 'id' },
        answers: kind,
      }),
      shake: operation({
        summary: 'Shake a crate',
        effect: 'action',
        http: { method: 'POST', path: `${path}/:id/shake` },
        input: Type.Object(
          { id: ref, times: Type.Integer({ minimum: 1, maximum: 9 }), hard: Type.Optional(Type.Boolean()) },
          { additionalProperties: false },
        ),
        output: Crate,
        target: { kind, param: 'id' },
        answers: kind,
      }),
      watch: operation({
        summary: 'Watch a crate',
        effect: 'read',
        http: { method: 'GET', path: `${path}/:id/watch` },
        input: Type.Object(
          { id: ref, after: Type.Optional(Type.String({ minLength: 1, maxLength: 20 })) },
          { additionalProperties: false },
        ),
        output: Crate,
        target: { kind, param: 'id' },
        answer: 'events',
      }),
      dump: operation({
        summary: 'Write out a crate',
        effect: 'read',
        http: { method: 'GET', path: `${path}/:id/dump` },
        input: Type.Object({ id: ref }, { additionalProperties: false }),
        output: Type.String(),
        target: { kind, param: 'id' },
        answer: 'stream',
        content: ['text/csv; charset=utf-8', 'application/x-ndjson'],
      }),
      delete: deleteOperation(crate),
      addPiece: operation({
        summary: 'Put a piece into a crate',
        effect: 'create',
        http: { method: 'POST', path: `${path}/:crate/pieces` },
        input: Type.Object({ crate: ref, name }, { additionalProperties: false }),
        output: Piece,
        targets: [inCrate],
        creates: piece,
        answers: piece,
      }),
      removePiece: operation({
        summary: 'Take a piece out of a crate',
        effect: 'delete',
        http: { method: 'DELETE', path: `${path}/:crate/pieces/:piece`, status: 204 },
        input: Type.Object({ crate: ref, piece: ref }, { additionalProperties: false }),
        output: Type.Object({}),
        targets: [inCrate, { kind: piece, param: 'piece' }],
      }),
      post: operation({
        summary: 'Post something into a crate',
        effect: 'action',
        plane: 'data',
        http: { method: 'POST', path: `${path}/:id/post` },
        input: Type.Object({ id: ref, text: Type.String({ maxLength: 100 }) }, { additionalProperties: false }),
        output: Type.Object({ length: Type.Integer() }),
        target: { kind, param: 'id' },
      }),
      peek: operation({
        summary: 'Peek into a crate',
        effect: 'read',
        plane: 'data',
        http: { method: 'GET', path: `${path}/:id/peek` },
        input: Type.Object({ id: ref }, { additionalProperties: false }),
        output: Type.Object({ name: Type.String() }),
        target: { kind, param: 'id' },
      }),
    },
    handlers: {
      create: {
        quota: async ({ sql, tenantId }: Call) => [
          { resource: 'crates', used: await countLive(sql, vpcs, tenantId), wanted: 1 },
        ],
        run: async ({ sql, createdId, tenantId, userId, input }: Call<{ readonly name: string }>) =>
          (
            await sql.query<VpcRow>(
              'test.insert_crate',
              `insert into vpcs (id, user_id, tenant_id, name, cidr_block, network_id) values ($1, $2, $3, $4, '10.0.0.0/16', 'net')
               returning ${vpcs.columns}`,
              [createdId, userId, tenantId, input.name],
            )
          )[0],
      },
      rename: async ({ sql, target, input, unchanged }: Call<{ readonly name: string }, VpcRow>) => {
        if (input.name === target.name) return unchanged(target);
        const [row] = await sql.query<VpcRow>(
          'test.rename_crate',
          `update vpcs set name = $2, version = version + 1 where id = $1 returning ${vpcs.columns}`,
          [target.id, input.name],
        );
        return row;
      },
      shake: touch,
      watch: watchCrate,
      dump: dumpCrate,
      delete: deletes(vpcs, kind, 'crate'),
      addPiece: async ({ sql, createdId, tenantId, userId, input, target }: Call<{ readonly name: string }, VpcRow>) =>
        (
          await sql.query<PieceRow>(
            'test.insert_piece',
            `insert into instances (id, user_id, tenant_id, name, image, status, vpc_id) values ($1, $2, $3, $4, 'i', 'RUNNING', $5)
             returning id, name`,
            [createdId, userId, tenantId, input.name, target.id],
          )
        )[0],
      removePiece: async ({ sql, target }: Call<unknown, PieceRow>) => {
        await sql.query('test.remove_piece', 'update instances set vpc_id = null where id = $1', [target.id]);
        return {};
      },
      post: async ({ input }: { readonly input: { readonly text: string } }) => ({ length: input.text.length }),
      peek: async ({ target }: { readonly target: VpcRow }) => ({ name: target.name }),
    },
    quotas: { crates: { max: 1_000_000_000, noun: 'crates', free: 'Delete a crate' } },
    usage: async (sql, { tenantId }) => ({ crates: await countLive(sql, vpcs, tenantId) }),
    kinds: {
      [kind]: kindOf(vpcs, {
        noun: 'crate',
        present: shown,
      }),
      [piece]: { noun: 'piece', find: findPiece, id: (row: PieceRow) => row.id, present: (row: PieceRow) => row },
    },
    examples: {
      create: example(async (world) => ({ name: unique(world), size: 3, word: `hidden-${world.unique()}` })),
      list: example(async (world) => {
        await insertVpc(world);
        return {};
      }),
      get: example(async (world) => ({ id: await insertVpc(world) })),
      rename: example(async (world) => ({ id: await insertVpc(world), name: unique(world) })),
      shake: example(async (world) => ({ id: await insertVpc(world), times: 2 })),
      watch: example(async (world) => ({ id: await insertVpc(world) })),
      dump: example(async (world) => ({ id: await insertVpc(world) })),
      delete: example(async (world) => ({ id: await insertVpc(world) })),
      addPiece: example(async (world) => ({ crate: await insertVpc(world), name: unique(world) })),
      removePiece: example(async (world) => {
        const id = await insertVpc(world);
        return { crate: id, piece: await insertPiece(world, id) };
      }),
      post: example(async (world) => ({ id: await insertVpc(world), text: 'hello' })),
      peek: example(async (world) => ({ id: await insertVpc(world) })),
    },
  });
}
