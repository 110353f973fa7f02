import { type Blocker, service } from '../../kernel/service.ts';
import { INSTANCE_ERRORS } from './errors.ts';
import {
  createInstanceHandlers,
  createInstanceTypeHandlers,
  createLaunchQuota,
  type InstanceDeps,
} from './handlers.ts';
import { presentInstance } from './instance.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';
import { instanceOperations, instanceTypeOperations } from './operations.ts';

export { IMAGES } from './catalogue.ts';
export { createInstanceWorker } from './worker.ts';

/** A VPC is not deleted while it has instances; those that are being deleted are waited for by its reconciler. */
export const instancesInVpc: Blocker = {
  noun: 'instance',
  async count(sql, vpcId) {
    const [row] = await sql.query<{ count: number }>(
      'instances.count_in_vpc',
      'select count(*)::int as count from instances where vpc_id = $1 and deleted_at is null',
      [vpcId],
    );
    return row!.count;
  },
};

/** Compute instances. */
export const createInstancesService = (deps: InstanceDeps) =>
  service({
    name: 'instances',
    resource: 'instance',
    title: 'Instances',
    operations: instanceOperations,
    handlers: createInstanceHandlers(deps),
    errors: INSTANCE_ERRORS,
    targets: {
      instance: {
        noun: 'instance',
        find: (sql, tenantId, ref) => createPgInstanceRepository(sql).find(tenantId, ref),
        present: presentInstance,
      },
    },
    quotas: { launch: createLaunchQuota(deps) },
  });

/** The sizes that instances come in. */
export const createInstanceTypesService = () =>
  service({
    name: 'instance-types',
    resource: 'instance_type',
    title: 'Instance types',
    operations: instanceTypeOperations,
    handlers: createInstanceTypeHandlers(),
  });
