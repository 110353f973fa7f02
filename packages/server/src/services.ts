import type { Sealer } from './kernel/seal.ts';
import type { Service } from './kernel/service.ts';
import { createAuthService, createKeysService } from './services/identity/index.ts';
import { createInstancesService, createInstanceTypesService, IMAGES } from './services/instances/index.ts';
import { createVpcsService } from './services/vpcs/index.ts';

/** What the services' control planes need from outside. Names outside are pure functions of ids. */
export interface ServiceDeps {
  readonly sealer: Sealer;
  readonly region: string;
  readonly networkNameOf: (vpcId: string) => string;
  readonly machineNameOf: (instanceId: string) => string;
}

/** All services, in the order in which they need each other. */
export const createServices = (deps: ServiceDeps): readonly Service[] => [
  createAuthService(),
  createKeysService(deps.sealer),
  createVpcsService(deps),
  createInstanceTypesService(),
  createInstancesService({ ...deps, images: IMAGES }),
];
