import { machineName, networkNames } from './engines/names.ts';
import { createRegistry, type Registry } from './kernel/registry.ts';
import type { Sealer } from './kernel/seal.ts';
import type { Service } from './kernel/service.ts';
import { createAuthService, createKeysService } from './services/identity/index.ts';
import {
  createInstancesService,
  createInstanceTypesService,
  IMAGES,
  instancesInVpc,
} from './services/instances/index.ts';
import { createVpcsService } from './services/vpcs/index.ts';

/** What the services' control planes need from outside. Names outside are pure functions of ids. */
interface ServiceDeps {
  readonly sealer: Sealer;
  readonly region: string;
  readonly networkNameOf: (vpcId: string) => string;
  readonly machineNameOf: (instanceId: string) => string;
}

/** All services, in the order in which they need each other. */
const createServices = (deps: ServiceDeps): readonly Service[] => [
  createAuthService(),
  createKeysService(deps.sealer),
  createVpcsService({ ...deps, blockers: [instancesInVpc] }),
  createInstanceTypesService(),
  createInstancesService({ ...deps, images: IMAGES }),
];

/** The registry of all operations, as every process and the generator of documents know it. */
export function composeRegistry(options: {
  readonly sealer: Sealer;
  readonly region: string;
  readonly platformId: string;
}): Registry {
  return createRegistry(
    createServices({
      ...options,
      networkNameOf: (vpcId) => networkNames(options.platformId, vpcId).bridge,
      machineNameOf: (instanceId) => machineName(options.platformId, instanceId),
    }),
  );
}
