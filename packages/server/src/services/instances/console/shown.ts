import type { Exit } from './words.ts';

/** What the pages read of an instance. */
export interface Instance {
  readonly id: string;
  readonly name: string;
  readonly user_id: string;
  readonly image: string;
  readonly instance_type: string;
  readonly status: string;
  readonly status_reason?: string;
  readonly restarts_at?: string;
  readonly vpc_id?: string;
  readonly private_ip?: string;
  readonly hostname: string;
  readonly dns_name?: string;
  readonly container_id?: string;
  readonly env?: readonly string[];
  readonly cmd?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly started_at?: string;
  readonly restart_count: number;
  readonly last_exit?: Exit;
  readonly created_at: string;
}

export interface InstanceType {
  readonly id: string;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly disk_gb: number;
  readonly network_mbps: number;
  readonly price_per_hour: number;
}
