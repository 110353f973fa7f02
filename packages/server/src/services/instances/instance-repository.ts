import type { PageRequest } from '../../kernel/page.ts';
import type { InstanceRow, InstanceTypeRow, StoredStatus } from './instance.ts';

export interface NewInstance {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly image: string;
  readonly instanceType: string;
  readonly containerId: string;
  readonly vpcId: string | null;
  readonly privateIp: string | null;
  readonly mac: string | null;
  readonly hostId: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[] | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly at: Date;
}

export interface InstanceFilter {
  /** Ids or EC2 ids. Undefined: any. */
  readonly ids?: readonly string[] | undefined;
  readonly tags: readonly string[];
  readonly vpcId: string | null;
}

export interface Usage {
  readonly instances: number;
  readonly vcpus: number;
  readonly memoryMb: number;
}

/** What a bulk look compares with the engine. */
export interface HostedInstance {
  readonly id: string;
  readonly tenant_id: string;
  readonly container_id: string;
  readonly status: StoredStatus;
  readonly power: 'running' | 'stopped';
  readonly deleted: boolean;
  readonly settled: boolean;
}

export interface StatusUpdate {
  readonly status: StoredStatus;
  readonly reason: string | null;
  readonly observedVersion: number;
  readonly observedRestart: number;
  readonly startedAt: Date | null;
  /** When what it waits for is given up; null: it waits for nothing. */
  readonly phaseDeadline: Date | null;
}

/** The questions instances ask of the database. */
export interface InstanceRepository {
  /** Undefined when the tenant has an instance of that name. */
  insert(instance: NewInstance): Promise<InstanceRow | undefined>;
  /** By id, EC2 id or name; without those that are to be deleted. */
  find(tenantId: string, ref: string): Promise<InstanceRow | undefined>;
  list(tenantId: string, filter: InstanceFilter, page: PageRequest): Promise<readonly InstanceRow[]>;
  usage(tenantId: string): Promise<Usage>;
  findType(id: string): Promise<InstanceTypeRow | undefined>;
  listTypes(page: PageRequest): Promise<readonly InstanceTypeRow[]>;
  /** The lowest address of the VPC between two that no instance has. Undefined: none is free. */
  freeAddress(vpcId: string, first: string, last: string): Promise<string | undefined>;
  /** A host with room, or the reason why there is none. Holds the place until the end of the transaction. */
  place(hostId: string | null, type: InstanceTypeRow): Promise<{ hostId: string } | { refusal: string }>;
  /** A new wish for its power; counts the version up only where it changes. */
  setPower(id: string, power: 'running' | 'stopped', at: Date): Promise<InstanceRow>;
  requestReboot(id: string, at: Date): Promise<InstanceRow>;
  markDeleted(id: string, at: Date): Promise<void>;

  /** For the worker, over all tenants. */
  load(id: string): Promise<InstanceRow | undefined>;
  writeStatus(id: string, update: StatusUpdate): Promise<void>;
  remove(id: string): Promise<void>;
  onHost(hostId: string, afterId: string | null, limit: number): Promise<readonly HostedInstance[]>;
  findByContainer(containerId: string): Promise<{ id: string; tenant_id: string } | undefined>;
}
