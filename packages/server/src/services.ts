import { machineName, networkNames } from './engines/names.ts';
import { createRegistry, quotasOf, type Registry } from './kernel/registry.ts';
import type { Sealer } from './kernel/seal.ts';
import type { Service } from './kernel/service.ts';
import { createAuthService, createKeysService } from './services/identity/index.ts';
import { createInstancesService, createInstanceTypesService, IMAGES } from './services/instances/index.ts';
import { createQuotasService } from './services/quotas/index.ts';
import { createVpcsService } from './services/vpcs/index.ts';
import { createWorkService } from './services/work/index.ts';

/** What the services' control planes need from outside. Names outside are pure functions of ids. */
interface ServiceDeps {
  readonly sealer: Sealer;
  readonly region: string;
  readonly forgetCallers: () => void;
  readonly networkNameOf: (vpcId: string) => string;
  readonly machineNameOf: (instanceId: string) => string;
}

/** All services, in the order in which they need each other. */
const createServices = (deps: ServiceDeps): readonly Service[] => {
  const services: Service[] = [
    createAuthService(),
    createKeysService(deps),
    createVpcsService(deps),
    createInstanceTypesService(),
    createInstancesService({ ...deps, images: IMAGES }),
    createQuotasService({ defaults: () => quotasOf(services) }),
    createWorkService(),
  ];
  return services;
};

/** The registry of all operations, as every process and the generator of documents know it. */
export function composeRegistry(options: {
  readonly sealer: Sealer;
  readonly region: string;
  readonly platformId: string;
  /** Makes the process ask anew who calls; nothing where nobody calls. */
  readonly forgetCallers?: () => void;
}): Registry {
  return createRegistry(
    createServices({
      forgetCallers: () => undefined,
      ...options,
      networkNameOf: (vpcId) => networkNames(options.platformId, vpcId).bridge,
      machineNameOf: (instanceId) => machineName(options.platformId, instanceId),
    }),
  );
}
