import type { KeyObject } from 'node:crypto';
import { machineName, networkNames } from './engines/names.ts';
import { type Clock, systemClock } from './kernel/clock.ts';
import type { DataSide } from './kernel/data-side.ts';
import { createEgress } from './kernel/egress/egress.ts';
import type { Log } from './kernel/log.ts';
import type { MasterKeys } from './kernel/master-keys.ts';
import type { Metrics } from './kernel/metrics.ts';
import { quotaSettings } from './kernel/quota.ts';
import { createRegistry, quotasOf, type Registry } from './kernel/registry.ts';
import type { Sealer } from './kernel/seal.ts';
import type { Service } from './kernel/service.ts';
import type { Database } from './kernel/sql/pool.ts';
import { createAdminAuditService, createAuditService } from './services/audit/index.ts';
import { createEventsService, type EventFeed } from './services/events/index.ts';
import type { Address } from './setting-readers.ts';
import { createCronService } from './services/cron/index.ts';
import { createHostsService, type HostDeps } from './services/hosts/index.ts';
import { createAuthService, createSecondFactorService, createSessionsService } from './services/identity/index.ts';
import {
  type ComputeEngine,
  createInstancesService,
  createInstanceTypesService,
  IMAGES,
} from './services/instances/index.ts';
import { createKeysService, createMemberKeysService } from './services/keys/index.ts';
import { createMasterKeysService } from './services/master-keys/index.ts';
import { createMailService, createWaitingMailsService, type Mailer } from './services/mail/index.ts';
import {
  createAdminSessionsService,
  createAdminTenantsService,
  createAdminUsersService,
  createSettingsService,
  createStatusService,
} from './services/operator/index.ts';
import { createQueuesService, createStoredMessages } from './services/queues/index.ts';
import { createQuotasService } from './services/quotas/index.ts';
import { createRolesService, permissionsOf } from './services/roles/index.ts';
import { createSearchService } from './services/search/index.ts';
import { createSecretsService } from './services/secrets/index.ts';
import { createInvitationsService, createMembersService, createTenantsService } from './services/tenants/index.ts';
import { createTopicsService } from './services/topics/index.ts';
import { createVpcsService, type NetworkEngine } from './services/vpcs/index.ts';
import { createWorkService } from './services/work/index.ts';

/** What the worker's process has: its host, and an engine for each port. */
export interface WorkerDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostId: string;
  readonly host: HostDeps;
  readonly compute: ComputeEngine;
  readonly network: NetworkEngine;
  readonly metrics: Metrics;
  /** Signs checkpoints of the audit trail (Ed25519). */
  readonly auditKey: KeyObject;
  /** Where the master keys lie, those that this process has, and whether a supervisor gives all processes those of the file as they change. */
  readonly masterKeyPath: string;
  readonly masterKeys: MasterKeys;
  readonly isSupervised: boolean;
  /** Folder of the audit trail's archives. */
  readonly auditFolder: string;
  /** Undefined: no mail server is set. */
  readonly mailer: Mailer | undefined;
}

/** What every process has. Names outside are pure functions of ids. */
interface ServiceDeps {
  readonly sealer: Sealer;
  readonly region: string;
  readonly forgetCallers: (subject?: string) => void;
  /** Whether anybody may register, unless the operator has said otherwise. Default: open. */
  readonly registration?: 'open' | 'closed';
  readonly countLogin: (result: string) => void;
  readonly clock: Clock;
  /** Fewest and most days for which a tenant may keep its audit trail. */
  readonly auditMinDays: number;
  readonly auditMaxDays: number;
  /** Events that are kept of one tenant. */
  readonly eventsPerTenant: number;
  /** Where people reach the API. */
  readonly publicUrl: string;
  /** Where the AWS API listens. */
  readonly awsUrl?: (() => string | undefined) | undefined;
  /** Networks that are not public, which calls of tenants may reach. */
  readonly callNetworks: readonly string[];
  readonly networkNameOf: (vpcId: string) => string;
  readonly machineNameOf: (instanceId: string) => string;
  readonly worker?: WorkerDeps;
  readonly feed?: EventFeed | undefined;
  readonly data?: DataSide | undefined;
}

/** All services, in the order in which they need each other. */
function createServices({ worker, feed, data, ...deps }: ServiceDeps): readonly Service[] {
  const permissions = () => permissionsOf(services);
  const room = data && createStoredMessages(data);
  const services: Service[] = [
    createAuthService({ ...deps, usages: () => services.flatMap((service) => service.usage ?? []) }),
    createSessionsService(deps),
    createSecondFactorService(deps),
    createKeysService({ ...deps, permissions }),
    createMemberKeysService(deps),
    createRolesService({ ...deps, permissions }),
    createTenantsService({ ...deps, blockers: () => services.flatMap((service) => service.blocks?.['tenant'] ?? []) }),
    createMembersService(deps),
    createInvitationsService(deps),
    createMailService(worker ? { worker: { ...worker, ...deps } } : {}),
    createWaitingMailsService(deps),
    createHostsService(worker ? { worker: worker.host } : {}),
    createVpcsService({ ...deps, ...(worker ? { worker: { ...worker, engine: worker.network } } : {}) }),
    createSecretsService({ ...deps, ...(worker ? { worker } : {}) }),
    createInstanceTypesService(),
    createInstancesService({
      ...deps,
      images: IMAGES,
      ...(worker ? { worker: { ...worker, engine: worker.compute, sealer: deps.sealer } } : {}),
    }),
    createQueuesService({ ...deps, data, room, ...(worker ? { worker } : {}) }),
    createTopicsService({ ...deps, data, room }),
    createCronService({
      ...deps,
      ...(worker ? { worker } : {}),
      ...(data
        ? { calls: { ...data, sealer: deps.sealer, egress: createEgress({ allowed: deps.callNetworks }) } }
        : {}),
    }),
    createQuotasService({
      quotas: () => quotasOf(services),
      usages: () => services.flatMap((service) => service.usage ?? []),
    }),
    createAdminUsersService(),
    createAdminTenantsService({
      usages: () =>
        services.flatMap(({ usage, quotas }) =>
          usage && !Object.values(quotas ?? {}).every((one) => one.perUser) ? [usage] : [],
        ),
    }),
    createAdminSessionsService(),
    createSettingsService({
      settings: () => [...services.flatMap((service) => service.settings ?? []), ...quotaSettings(quotasOf(services))],
    }),
    createMasterKeysService({ ...deps, ...(worker ? { worker } : {}) }),
    createStatusService(deps),
    createSearchService({ services: () => services }),
    createEventsService({ ...deps, feed, clock: systemClock, services: () => services, ...(worker ? { worker } : {}) }),
    createWorkService({ tables: () => Object.assign({}, ...services.map((service) => service.work ?? {})) }),
    createAuditService({ ...deps, ...(worker ? { worker } : {}) }),
    createAdminAuditService(),
  ];
  return services;
}

/** The registry of all operations, as every process and the generator of documents know it. */
export function composeRegistry(options: {
  readonly sealer: Sealer;
  readonly region: string;
  /** Default: 30 and 3650. */
  readonly auditMinDays?: number;
  readonly auditMaxDays?: number;
  /** Default: 1,000,000. */
  readonly eventsPerTenant?: number;
  readonly platformId: string;
  /** Where people reach the API. Default: at `listen`. */
  readonly publicUrl?: string | undefined;
  readonly listen?: Address;
  /** Where the AWS API listens, which may be known only when it does. Default: nowhere. */
  readonly awsUrl?: (() => string | undefined) | undefined;
  /** Clears this process's cache of authenticated keys, all or those of `user <id>`; does nothing without one. */
  readonly forgetCallers?: (subject?: string) => void;
  readonly registration?: 'open' | 'closed';
  /** Networks that are not public, which calls of tenants may reach. Default: none. */
  readonly callNetworks?: readonly string[];
  /** Counts logins by result; does nothing by default. */
  readonly countLogin?: (result: string) => void;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** In the worker's process only. */
  readonly worker?: WorkerDeps;
  /** In the API's process only: without it nobody can follow events. */
  readonly feed?: EventFeed;
  /** In the API's process only: without it there is no data plane. */
  readonly data?: DataSide;
}): Registry {
  return createRegistry(
    createServices({
      forgetCallers: () => undefined,
      countLogin: () => undefined,
      clock: systemClock,
      auditMinDays: 30,
      auditMaxDays: 3650,
      eventsPerTenant: 1_000_000,
      callNetworks: [],
      ...options,
      publicUrl: options.publicUrl ?? urlOf(options.listen),
      networkNameOf: (vpcId) => networkNames(options.platformId, vpcId).bridge,
      machineNameOf: (instanceId) => machineName(options.platformId, instanceId),
    }),
  );
}

const urlOf = ({ host, port }: Address = { host: '127.0.0.1', port: 8080 }): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
