import type { PageRequest } from '../../kernel/page.ts';
import type { VpcRow, VpcStatus } from './vpc.ts';

export interface NewVpc {
  readonly id: string;
  readonly userId: string;
  readonly tenantId: string;
  readonly name: string;
  readonly cidrBlock: string;
  readonly networkId: string;
  readonly arn: string;
  readonly at: Date;
}

/** The questions VPCs ask of the database. */
export interface VpcRepository {
  /** Undefined when the tenant has a VPC of that name. */
  insert(vpc: NewVpc): Promise<VpcRow | undefined>;
  /** By id, EC2 id or name; without those that are to be deleted. */
  find(tenantId: string, ref: string): Promise<VpcRow | undefined>;
  list(tenantId: string, page: PageRequest): Promise<readonly VpcRow[]>;
  /** Those of the list that have one of these ids or EC2 ids. */
  listThese(tenantId: string, ids: readonly string[], page: PageRequest): Promise<readonly VpcRow[]>;
  count(tenantId: string): Promise<number>;
  /** Undefined when the name is taken. Nothing outside bears the name: what was seen of the old version holds for the new one. */
  rename(id: string, name: string, at: Date): Promise<VpcRow | undefined>;
  /** Holds the VPC against changes until the end of the transaction. */
  lock(id: string): Promise<void>;
  /** What stands in the way of a deletion: how many of which. */
  countContents(id: string): Promise<{ instances: number; loadBalancers: number; scalingGroups: number }>;
  markDeleted(id: string, at: Date): Promise<void>;
  accountNumber(tenantId: string): Promise<string>;

  /** For the worker, over all tenants. */
  load(id: string): Promise<VpcRow | undefined>;
  /** Gives it the host and the lowest uplink number that is free there. */
  assignUplink(id: string, hostId: string): Promise<VpcRow>;
  countLeftInside(id: string): Promise<number>;
  /** The instances in it that have an address; their names as people wrote them. */
  names(id: string): Promise<readonly { id: string; name: string; address: string }[]>;
  /** A version seen is never taken back: a rename may have been faster. */
  writeStatus(id: string, status: VpcStatus, reason: string | null, observedVersion: number): Promise<void>;
  remove(id: string): Promise<void>;
  idsOnHost(hostId: string): Promise<readonly { id: string; status: VpcStatus; deleted: boolean }[]>;
}
