import Type from 'typebox';
import { conflict } from '../../kernel/errors.ts';
import type { Example } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput, pageRequest, toPage } from '../../kernel/page.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { type Handlers, service } from '../../kernel/service.ts';
import { createPgRotations } from './rotation-repository.pg.ts';
import { MasterKeyRotation, presentRotation } from './rotation.ts';
import { createMasterKeyWorker, type MasterKeyWorkerDeps } from './worker.ts';

const masterKeyOperations = {
  list: operation({
    summary: 'List the rotations of the master key',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/master-key-rotations' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: MasterKeyRotation,
    cli: { columns: ['id', 'status', 'key_version', 'resealed', 'reason', 'created_at', 'ended_at'] },
  }),
  rotate: operation({
    summary: 'Rotate the master key',
    description:
      'Makes a new master key, seals every secret value of the platform under it, and forgets the old key. The platform stays up, and a rotation that is interrupted goes on where it stopped. Keep the old key with the backups from before: they can be read with it alone.',
    effect: 'action',
    scope: 'operator',
    http: { method: 'POST', path: '/operator/master-key-rotations/start', status: 202 },
    input: Type.Object({}, { additionalProperties: false }),
    output: MasterKeyRotation,
    errors: ['CONFLICT'],
    audit: 'master_key.rotate',
    event: 'MASTER_KEY_ROTATE',
  }),
};

const masterKeyHandlers: Handlers<typeof masterKeyOperations> = {
  async list({ sql, input }) {
    const page = pageRequest(input);
    const { items, ...more } = toPage(await createPgRotations(sql).list(page), page.limit, (row) => row.id);
    return { items: items.map(presentRotation), ...more };
  },
  async rotate({ sql, newId: makeId, now, about }) {
    const id = makeId();
    const row = await createPgRotations(sql).insert(id, now);
    if (!row)
      throw conflict('the master key is being rotated already; see how far it is: cloud admin master-keys list');
    about({ id });
    return presentRotation(row);
  },
};

const insertDone = `insert into master_key_rotations (id, status, ended_at) values ($1, 'DONE', now())`;
const masterKeyExamples: Record<keyof typeof masterKeyOperations, Example> = {
  list: { input: async ({ owner }) => (await owner.query(insertDone, [newId()]), {}) },
  rotate: {
    input: async ({ owner }) => {
      await owner.query('update master_key_rotations set ended_at = now() where ended_at is null');
      return {};
    },
  },
};

export interface MasterKeyDeps {
  readonly sealer: Sealer;
  readonly worker?: MasterKeyWorkerDeps;
}

/** The key that seals every secret value of the platform. */
export const createMasterKeysService = ({ sealer, worker }: MasterKeyDeps) =>
  service({
    name: 'admin-master-keys',
    resource: 'master_key',
    title: 'Master key',
    operations: masterKeyOperations,
    handlers: masterKeyHandlers,
    console: {
      group: 'operator',
      icon: 'key-square',
      order: 9,
      noun: 'rotation of the master key',
      title: 'id',
      summary:
        'The master key seals every secret value of the platform. A rotation makes a new one and seals all values again.',
      columns: ['created_at', 'status', 'key_version', 'resealed', 'ended_at'],
    },
    examples: masterKeyExamples,
    ...(worker ? { worker: createMasterKeyWorker({ ...worker, sealer }) } : {}),
  });
