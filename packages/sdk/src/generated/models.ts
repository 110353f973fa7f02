// Generated from the registry of operations by `npm run gen`.

export interface ApiKey {
  readonly id: string;
  readonly user_id: string;
  /** Tenant in which the key acts */
  readonly tenant_id?: string;
  readonly name: string;
  /** session: created by a login, expires */
  readonly kind: "api" | "session";
  /** First characters of the key */
  readonly prefix?: string;
  /** If set, the key has only these of its user's permissions */
  readonly permissions?: readonly string[];
  /** If set, the key works only from addresses in these networks */
  readonly cidrs?: readonly string[];
  /** The key itself, shown only when it is created */
  readonly key?: string;
  readonly aws_access_key_id?: string;
  /** Shown only when the key is created */
  readonly aws_secret_access_key?: string;
  readonly created_at: string;
  readonly last_used?: string;
  readonly expires_at?: string;
}

export interface Binding {
  /** The user's id */
  readonly id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  /** When the user became a member */
  readonly created_at: string;
}

export interface ExecResult {
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Encoding of stdout and stderr: utf-8, or base64 if one of them is not valid UTF-8 */
  readonly encoding: "utf-8" | "base64";
  /** Whether an output exceeded 1 MiB, so that the rest was dropped. The websocket of /terminal has no limit */
  readonly truncated: boolean;
  readonly timed_out: boolean;
}

export interface Host {
  readonly id: string;
  readonly name: string;
  /** up or unavailable */
  readonly state: string;
  /** What is missing and how to install it; for a host that is up, what is running low */
  readonly state_reason?: string;
  readonly capacity: {
    readonly vcpus: number;
    readonly memory_mb: number;
    readonly disk_gb: number;
  };
  /** Allocated to instances, running or not */
  readonly promised: {
    readonly vcpus: number;
    readonly memory_mb: number;
    readonly disk_gb: number;
  };
  /** Time of the last report; the worker reports every 5 s */
  readonly last_seen_at?: string;
}

export interface Instance {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly image: string;
  /** Name of the machine on the host */
  readonly container_id?: string;
  readonly status: "STARTING" | "RUNNING" | "STOPPING" | "STOPPED" | "ERROR" | "DELETING";
  /** What the instance waits for, or why it failed */
  readonly status_reason?: string;
  /** status_reason for programs: WAITING_FOR_IMAGE, RESTING … */
  readonly status_reason_code?: string;
  readonly vpc_id?: string;
  readonly private_ip?: string;
  /** Derived from the name; unique in the VPC */
  readonly hostname: string;
  /** Full DNS name in the VPC */
  readonly dns_name?: string;
  readonly instance_type: string;
  readonly env?: readonly string[];
  readonly cmd?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Time of the last start */
  readonly started_at?: string;
  /** Number of restarts after the first process ended */
  readonly restart_count: number;
  readonly last_exit?: {
    /** Exit code. Absent if unknown, for example after a power cut */
    readonly code?: number;
    /** Signal that ended the process, such as SIGKILL; the code is then 128 plus its number */
    readonly signal?: string;
    /** Whether the process was killed because the instance ran out of memory */
    readonly oom_killed: boolean;
    readonly at: string;
  };
  /** Time of the next restart, if the first process ended and the platform waits before it restarts it */
  readonly restarts_at?: string;
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

export interface Permission {
  readonly permission: string;
  /** Operations that need it; none: it is for a service that this platform does not have yet */
  readonly operations: readonly string[];
}

export interface Quota {
  readonly tenant_id: string;
  /** Counted resource: instances, vcpus, memory_mb … */
  readonly resource: string;
  /** Maximum that the tenant may use */
  readonly max: number;
  /** Default maximum for tenants */
  readonly default_max: number;
}

export interface QuotaUsage {
  /** Counted resource: instances, vcpus, memory_mb … */
  readonly resource: string;
  /** Amount that is used */
  readonly used: number;
  /** Maximum that may be used */
  readonly max: number;
  /** Unit of used and max */
  readonly unit: string;
}

export interface Role {
  readonly id: string;
  /** Absent: a built-in role */
  readonly tenant_id?: string;
  readonly name: string;
  readonly description: string;
  /** *: all */
  readonly permissions: readonly string[];
  /** Built-in roles cannot be changed */
  readonly built_in: boolean;
  readonly version: number;
  readonly created_at?: string;
  readonly updated_at?: string;
}

export interface StuckWork {
  /** Kind of the resource: instance, vpc */
  readonly kind: string;
  /** Id of the resource */
  readonly id: string;
  readonly tenant_id?: string;
  /** Failed attempts in a row */
  readonly attempts: number;
  /** Error of the last attempt, as the engine reported it */
  readonly last_error?: string;
  /** Time of the next attempt */
  readonly due_at: string;
}

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** Role on the platform; admin is the operator */
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
  /** Name of the network on the host */
  readonly network_id: string;
  /** pending, active, error or DELETING */
  readonly status: string;
  /** What the VPC waits for, or why it failed */
  readonly status_reason?: string;
  /** status_reason for programs: WAITING_FOR_ENGINE, ENGINE_FAILED … */
  readonly status_reason_code?: string;
  readonly arn: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}
