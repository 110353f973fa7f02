import type { CallWorld, Example } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import type { secretOperations } from './operations.ts';
import type { rotationOperations } from './rotation-operations.ts';

/** Makes one by SQL, with so many versions: the last is the current one. Answers its id and those of its versions. */
export async function insertSecret(
  world: CallWorld,
  {
    name = `secret-${world.unique()}`,
    values = ['hidden'],
    ...columns
  }: Record<string, unknown> & {
    readonly name?: string;
    readonly values?: readonly string[];
  } = {},
): Promise<{ readonly id: string; readonly name: string; readonly versions: readonly string[] }> {
  const id = newId();
  const sealed = values.map((value) => world.seal(world.tenantId, `secret ${id}`, value));
  const row = {
    id,
    user_id: world.userId,
    tenant_id: world.tenantId,
    name,
    encrypted_value: sealed.at(-1) ?? '',
    last_accessed_at: '2199-01-01',
    ...columns,
  };
  const names = Object.keys(row);
  await world.owner.query(
    `insert into secrets (${names.join(', ')}) values (${names.map((_, place) => `$${place + 1}`).join(', ')})`,
    Object.values(row),
  );
  const versions: string[] = [];
  for (const [place, value] of values.entries()) {
    const version = newId();
    versions.push(version);
    const stages = { [values.length - 1]: ['AWSCURRENT'], [values.length - 2]: ['AWSPREVIOUS'] }[place] ?? [];
    await world.owner.query(
      `insert into secret_versions (tenant_id, secret_id, number, version_id, sealed, size, is_binary, user_id, stages) values ($1, $2, $3, $4, $5, $6, false, $7, $8)`,
      [world.tenantId, id, place + 1, version, sealed[place], value.length, world.userId, stages],
    );
  }
  return { id, name, versions };
}

const ofSecret = (more: object = {}, columns: Record<string, unknown> = {}): Example => ({
  input: async (world) => ({ id: (await insertSecret(world, columns)).id, ...more }),
});

export const secretExamples: Record<keyof typeof secretOperations | keyof typeof rotationOperations, Example> = {
  create: {
    input: async ({ unique }) => ({
      name: `prod/secret-${unique()}`,
      value: `hidden-${unique()}`,
      description: 'for the shop',
      labels: { team: 'shop' },
    }),
    more: async ({ unique }) => [
      { name: `secret-${unique()}`, generate_length: 40 },
      { name: `secret-${unique()}`, value: 'AP8=', encoding: 'base64' },
      { name: `secret-${unique()}` },
    ],
  },
  list: {
    input: async (world) => {
      for (let n = 0; n < 2; n++) await insertSecret(world);
      return {};
    },
    more: async (world) => {
      await insertSecret(world, { labels: '{"team": "shop"}' });
      return [{ filter: ['name:secret-', 'label_key:team'] }, { deleting: false }];
    },
  },
  get: ofSecret(),
  reveal: {
    input: async (world) => ({ id: (await insertSecret(world, { values: [`hidden-${world.unique()}`] })).id }),
    more: async (world) => {
      const { id, versions } = await insertSecret(world, { values: ['one', 'two'], last_accessed_at: null });
      return [
        { id, version_id: versions[0] },
        { id, stage: 'AWSPREVIOUS' },
      ];
    },
  },
  update: ofSecret({ description: 'for the shop' }),
  put: {
    input: async (world) => ({ id: (await insertSecret(world)).id, value: `hidden-${world.unique()}` }),
    more: async (world) => {
      const { id } = await insertSecret(world, { values: Array.from({ length: 100 }, (_, n) => `value ${n}`) });
      return [{ id, value: 'next', stages: ['AWSPENDING'], version_id: newId() }];
    },
  },
  versions: {
    input: async (world) => ({ id: (await insertSecret(world, { values: ['one', 'two'] })).id }),
  },
  moveStage: {
    async input(world) {
      const { id, versions } = await insertSecret(world, { values: ['one', 'two'] });
      return { id, stage: 'AWSCURRENT', move_to: versions[0], remove_from: versions[1] };
    },
  },
  delete: {
    ...ofSecret({ recovery_days: 7 }),
    more: async (world) => [{ id: (await insertSecret(world)).id, force: true }],
  },
  restore: ofSecret({}, { deletes_at: '2199-01-01' }),
  rotate: ofSecret(),
  setRotation: ofSecret({ days: 30 }),
  cancelRotation: ofSecret({}, { rotation_days: 30, rotation_length: 32, rotates_at: '2199-01-01' }),
  setLabels: ofSecret({ labels: { team: 'shop' } }),
  removeLabels: ofSecret({ keys: ['team'] }, { labels: '{"team": "shop", "tier": "one"}' }),
  randomPassword: { input: async () => ({ length: 20 }), more: async () => [{ include_space: true }] },
};
