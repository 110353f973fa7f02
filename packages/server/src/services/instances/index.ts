import { service } from '../../kernel/service.ts';
import { instanceActions } from './aws/ec2.ts';
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
export { createInstanceLive } from './live.ts';
export { createInstanceReconciler } from './reconcile-instance.ts';
export { report, watchHost } from './watch-host.ts';

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
    aws: [instanceActions],
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
