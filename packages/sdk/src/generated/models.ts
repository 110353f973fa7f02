// Generated from the registry of operations by `npm run gen`.

export interface ApiKey {
  readonly id: string;
  readonly user_id: string;
  /** The tenant that the key acts in */
  readonly tenant_id?: string;
  readonly name: string;
  /** session: made by a login, with an expiry */
  readonly kind: "api" | "session";
  /** How the key begins */
  readonly prefix?: string;
  /** The key itself: shown once, when it is made */
  readonly key?: string;
  readonly aws_access_key_id?: string;
  /** Shown once, when the key is made */
  readonly aws_secret_access_key?: string;
  readonly created_at: string;
  readonly last_used?: string;
  readonly expires_at?: string;
}

export interface ExecResult {
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** More than 1 MiB came, and the rest was dropped */
  readonly truncated: boolean;
  readonly timed_out: boolean;
}

export interface Host {
  readonly id: string;
  readonly name: string;
  /** up or unavailable */
  readonly state: string;
  /** What is missing, and how to get it */
  readonly state_reason?: string;
  readonly capacity: {
    readonly vcpus: number;
    readonly memory_mb: number;
    readonly disk_gb: number;
  };
  /** To instances, running or not */
  readonly promised: {
    readonly vcpus: number;
    readonly memory_mb: number;
    readonly disk_gb: number;
  };
  /** Its worker reports every five seconds */
  readonly last_seen_at?: string;
}

export interface Instance {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly image: string;
  /** Its name on the host */
  readonly container_id?: string;
  readonly status: "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "ERROR" | "DELETING";
  /** What it waits for, or why it failed */
  readonly status_reason?: string;
  /** The same for programs: WAITING_FOR_IMAGE, RESTING … */
  readonly status_reason_code?: string;
  readonly vpc_id?: string;
  readonly private_ip?: string;
  readonly instance_type: string;
  readonly env?: readonly string[];
  readonly cmd?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly started_at?: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface InstanceType {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly memory_mb: number;
  readonly disk_gb: number;
  readonly network_mbps: number;
  readonly price_per_hour: number;
  readonly category: string;
}

export interface Quota {
  readonly tenant_id: string;
  /** What is counted: instances, vcpus, memory_mb … */
  readonly resource: string;
  /** Most that the tenant may use */
  readonly max: number;
  /** Of a tenant for which nothing else was set */
  readonly default_max: number;
}

export interface StuckWork {
  /** Of the thing that is kept as it is wanted: instance, vpc */
  readonly kind: string;
  /** Of the thing */
  readonly id: string;
  readonly tenant_id?: string;
  /** Passes in a row that came to nothing */
  readonly attempts: number;
  /** What the last one failed with, in the words of the engine */
  readonly last_error?: string;
  /** When it is tried again */
  readonly due_at: string;
}

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** Role on the platform; admin is its operator */
  readonly role: string;
  /** The active tenant */
  readonly tenant_id?: string;
  readonly default_tenant_id?: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Vpc {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly cidr_block: string;
  /** Its name on the host */
  readonly network_id: string;
  /** pending, active, error or DELETING */
  readonly status: string;
  /** What it waits for, or why it failed */
  readonly status_reason?: string;
  /** The same for programs: WAITING_FOR_ENGINE, ENGINE_FAILED … */
  readonly status_reason_code?: string;
  readonly arn: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}
