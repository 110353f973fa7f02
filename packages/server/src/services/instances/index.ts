import type { Sql } from '../../kernel/sql/tx.ts';
import { countLive, kindOf } from '../../kernel/resource.ts';
import { searchList } from '../../kernel/search.ts';
import { type Kind, service } from '../../kernel/service.ts';
import { instanceActions } from './aws/ec2.ts';
import { INSTANCE_ERRORS } from './errors.ts';
import { instanceExamples, instanceTypeExamples } from './examples.ts';
import { createInstanceHandlers, type InstanceDeps } from './handlers.ts';
import { type InstanceTypeRow, INSTANCES, presentInstance, presentType, publicStatus } from './instance.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';
import { instanceOperations, instanceTypeOperations } from './operations.ts';
import { createInstanceWorker, type InstanceWorkerDeps } from './worker.ts';

export { IMAGES } from './catalogue.ts';

/** Stops all instances of a tenant, whose calls are refused from now on. Returns their number. For the operator's role. */
export const stopInstancesOf = (sql: Sql, tenantId: string, at: Date): Promise<number> =>
  createPgInstanceRepository(sql).stopAll(tenantId, at);

export type { ComputeEngine } from './compute-engine.ts';

/** Compute instances. */
export const createInstancesService = (deps: InstanceDeps & { readonly worker?: InstanceWorkerDeps }) =>
  service({
    name: 'instances',
    resource: 'instance',
    title: 'Instances',
    operations: instanceOperations,
    console: {
      group: 'compute',
      icon: 'server',
      order: 1,
      summary:
        'An instance is a Linux machine that runs in a second or two, with the image and the size that you choose.',
      columns: ['name', 'status', 'image', 'instance_type', 'private_ip', 'vpc_id', 'created_at'],
      references: { vpc_id: 'vpc', instance_type: 'instance_type', user_id: 'member' },
    },
    handlers: createInstanceHandlers(deps),
    kinds: {
      instance: kindOf(INSTANCES, {
        noun: 'instance',
        present: presentInstance,
        detail: (row) => [publicStatus(row), row.private_ip].filter(Boolean).join(' '),
      }),
    },
    errors: INSTANCE_ERRORS,
    work: { instance: INSTANCES.name },
    // Contract, section 8.
    quotas: {
      instances: { max: 10, noun: 'instances', free: 'Delete an instance and wait until it is gone' },
      vcpus: { max: 8, noun: 'vCPUs', free: 'Delete an instance and wait until it is gone' },
      memory_mb: { max: 16_384, noun: 'MB of memory', free: 'Delete an instance and wait until it is gone' },
      // Ten instances of the default type. The disks that they may fill, not what they fill.
      storage_gb: { max: 100, noun: 'GB of disk', free: 'Delete an instance and wait until it is gone' },
    },
    usage: async (sql, { tenantId }) => {
      const { instances, vcpus, memoryMb, diskGb } = await createPgInstanceRepository(sql).usage(tenantId);
      return { instances, vcpus, memory_mb: memoryMb, storage_gb: diskGb };
    },
    blocks: {
      vpc: { noun: 'instance', count: (sql: Sql, id: string) => createPgInstanceRepository(sql).countIn(id) },
      tenant: { noun: 'instance', count: (sql: Sql, id: string) => countLive(sql, INSTANCES, id) },
    },
    aws: [instanceActions],
    ...(deps.worker ? { worker: createInstanceWorker(deps.worker) } : {}),
    examples: instanceExamples,
  });

const listTypes: NonNullable<Kind<InstanceTypeRow>['list']> = (sql, _whose, page) =>
  createPgInstanceRepository(sql).listTypes(page);

const instanceType: Kind<InstanceTypeRow> = {
  noun: 'instance type',
  find: (sql, { ref }) => createPgInstanceRepository(sql).findType(ref),
  id: (row) => row.id,
  isId: (text) => /^[\w.-]{1,100}$/.test(text),
  present: presentType,
  list: listTypes,
  search: searchList({ id: (row: InstanceTypeRow) => row.id }, listTypes, ({ id }) => [id]),
  detail: ({ vcpus, memory_mb }) => `${vcpus} vCPU, ${memory_mb} MB`,
};

/** The sizes that instances come in. */
export const createInstanceTypesService = () =>
  service({
    name: 'instance-types',
    resource: 'instance_type',
    title: 'Instance types',
    operations: instanceTypeOperations,
    console: {
      group: 'compute',
      icon: 'cpu',
      order: 2,
      summary: 'An instance type is a size: the processors, memory and disk that an instance gets.',
      title: 'id',
      columns: ['id', 'vcpus', 'memory_mb', 'disk_gb', 'network_mbps', 'price_per_hour', 'category'],
    },
    handlers: {},
    kinds: { instance_type: instanceType },
    examples: instanceTypeExamples,
  });
