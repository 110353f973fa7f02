import type { PageRequest } from '../../kernel/page.ts';
import type { InstanceRow, InstanceTypeRow } from './instance.ts';

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
  readonly tags: readonly string[];
  readonly vpcId: string | null;
}

export interface Usage {
  readonly instances: number;
  readonly vcpus: number;
  readonly memoryMb: number;
}

/** The questions instances ask of the database. */
export interface InstanceRepository {
  /** Undefined when the tenant has an instance of that name. */
  insert(instance: NewInstance): Promise<InstanceRow | undefined>;
  /** By id or name; without those that are to be deleted. */
  find(tenantId: string, ref: string): Promise<InstanceRow | undefined>;
  list(tenantId: string, filter: InstanceFilter, page: PageRequest): Promise<readonly InstanceRow[]>;
  usage(tenantId: string): Promise<Usage>;
  findType(id: string): Promise<InstanceTypeRow | undefined>;
  listTypes(page: PageRequest): Promise<readonly InstanceTypeRow[]>;
  /** A host with room, or the reason why there is none. Holds the place until the end of the transaction. */
  place(hostId: string | null, type: InstanceTypeRow): Promise<{ hostId: string } | { refusal: string }>;
  /** A new wish for its power; counts the version up only where it changes. */
  setPower(id: string, power: 'running' | 'stopped', at: Date): Promise<InstanceRow>;
  requestReboot(id: string, at: Date): Promise<InstanceRow>;
  markDeleted(id: string, at: Date): Promise<void>;
}
