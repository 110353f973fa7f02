import type { PageRequest } from '../../kernel/page.ts';
import type { VpcRow } from './vpc.ts';

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
  /** By id or name; without those that are to be deleted. */
  find(tenantId: string, ref: string): Promise<VpcRow | undefined>;
  list(tenantId: string, page: PageRequest): Promise<readonly VpcRow[]>;
  count(tenantId: string): Promise<number>;
  /** Undefined when the name is taken. Nothing outside bears the name: what was seen of the old version holds for the new one. */
  rename(id: string, name: string, at: Date): Promise<VpcRow | undefined>;
  /** Holds the VPC against changes until the end of the transaction. */
  lock(id: string): Promise<void>;
  markDeleted(id: string, at: Date): Promise<void>;
  accountNumber(tenantId: string): Promise<string>;
}
