// Generated from the registry of operations by `npm run gen`.

export interface ApiKey {
  readonly id: string;
  readonly user_id: string;
  /** Tenant in which the key acts */
  readonly tenant_id?: string;
  readonly name: string;
  /** session: expires; made by a login, or from the key parent_id */
  readonly kind: "api" | "session";
  /** The key that this temporary key was made from: it has its limits and ends with it */
  readonly parent_id?: string;
  /** The key with which this one was made, and which takes it along when it is revoked */
  readonly made_with?: string;
  /** Whether the key acts in all tenants of its user; otherwise in its own tenant alone */
  readonly all_tenants: boolean;
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
  /** Of a temporary key; AWS clients send it too. Shown only when the key is created */
  readonly aws_session_token?: string;
  readonly created_at: string;
  readonly last_used?: string;
  readonly expires_at?: string;
}

export interface AuditLog {
  readonly id: string;
  /** Order of writing */
  readonly seq: string;
  /** Transaction that wrote the row; checkpoints cover ranges of it */
  readonly xid: string;
  /** With microseconds */
  readonly created_at: string;
  readonly tenant_id?: string;
  /** Who acted */
  readonly user_id: string;
  /** Part of the platform that acted by itself */
  readonly actor?: string;
  /** API key or session that was used */
  readonly key_id?: string;
  /** For example instance.launch */
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id?: string;
  /** allowed or refused */
  readonly outcome: string;
  /** Input of the call without its secrets */
  readonly details?: unknown;
  readonly ip_address?: string;
  readonly user_agent?: string;
  readonly request_id?: string;
}

export interface AuditProof {
  readonly row: AuditLog;
  readonly path: readonly string[];
  readonly entry: {
    readonly tenant_id: string;
    readonly number: string;
    readonly row_count: string;
    /** SHA-256 in hex */
    readonly root: string;
    /** SHA-256 in hex */
    readonly previous_hash: string;
  };
  readonly entry_path: readonly string[];
  readonly checkpoint: {
    readonly number: string;
    readonly from_xid: string;
    readonly to_xid: string;
    /** SHA-256 in hex */
    readonly root: string;
    /** SHA-256 in hex */
    readonly previous_hash: string;
    readonly created_at: string;
    readonly key_version: number;
  };
  /** Ed25519, in base64 */
  readonly signature: string;
}

export interface AuditPublicKey {
  readonly version: number;
  /** Ed25519, 32 bytes in base64 */
  readonly public_key: string;
  readonly created_at: string;
}

export interface AuditRetention {
  /** The tenant */
  readonly id: string;
  /** Days that rows are kept before they are pruned */
  readonly days: number;
  /** Fewest days that this platform allows */
  readonly minimum: number;
  /** Most days that this platform allows */
  readonly maximum: number;
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

export interface CronJob {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  /** ACTIVE, PAUSED, or COMPLETED: the schedule has ended */
  readonly status: string;
  readonly schedule: string;
  readonly timezone: string;
  /** Absent: it calls a URL, or the queue was deleted */
  readonly target_queue_id?: string;
  readonly target_url?: string;
  readonly target_method?: string;
  /** Their values are not shown */
  readonly target_header_names: readonly string[];
  readonly target_payload: string;
  /** skip, once or all */
  readonly missed: string;
  /** skip or allow */
  readonly overlap: string;
  /** A run comes within so many minutes of its tick */
  readonly window_minutes: number;
  readonly starts_at?: string;
  readonly ends_at?: string;
  readonly last_run_at?: string;
  /** Absent: it is paused, or its schedule has ended */
  readonly next_run_at?: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface CronRun {
  readonly id: string;
  readonly job_id: string;
  /** RUNNING, SUCCESS, FAILED, or SKIPPED: runs before it were under way */
  readonly status: string;
  /** The tick; absent if somebody asked for the run */
  readonly scheduled_at?: string;
  readonly started_at: string;
  readonly ended_at?: string;
  /** How often the URL was called */
  readonly attempts: number;
  /** When it is called next */
  readonly next_attempt_at?: string;
  /** Of the last answer */
  readonly status_code?: number;
  /** Of the last call */
  readonly duration_ms?: number;
  /** The id of the message, or the first 64 KiB of what the URL answered */
  readonly output?: string;
  /** Why it failed */
  readonly error?: string;
}

export interface CronTimes {
  /** The first is the next one */
  readonly times: readonly string[];
}

export interface Event {
  readonly id: string;
  readonly tenant_id: string;
  /** Grows with each event; of one resource, in the order in which the changes took effect */
  readonly sequence: number;
  /** INSTANCE_LAUNCH, VPC_ACTIVE … */
  readonly action: string;
  readonly resource_type: string;
  readonly resource_id: string;
  /** Id of the user, or system: and the part of the platform */
  readonly actor?: string;
  readonly user_id?: string;
  /** What changed, by member of the resource: from and to */
  readonly changes?: Readonly<Record<string, {
    readonly from: unknown;
    readonly to: unknown;
  }>>;
  /** The input of the call without its secrets, or details */
  readonly metadata?: Readonly<Record<string, unknown>>;
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
  /** up, draining (it takes no launches) or unavailable */
  readonly state: string;
  /** What is missing and how to install it; for a host that is up, what is running low */
  readonly state_reason?: string;
  /** What it has for instances, before overcommit */
  readonly capacity: {
    readonly vcpus: number;
    readonly memory_mb: number;
    readonly disk_gb: number;
  };
  /** How much may be allocated for each real unit */
  readonly overcommit: {
    readonly cpu: number;
    readonly memory: number;
    readonly disk: number;
  };
  /** What you let instances have of it; absent: all that it has */
  readonly limits?: {
    readonly vcpus?: number;
    readonly memory_mb?: number;
    readonly disk_gb?: number;
  };
  readonly draining_since?: string;
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

export interface InstanceStats {
  /** Time of the reading */
  readonly read_at: string;
  /** CPU in use, in percent of all vCPUs: the mean since the reading before, if that is at most a minute old, otherwise over a quarter of a second */
  readonly cpu_percentage: number;
  /** CPU time of all processes since the last start */
  readonly cpu_time_nanoseconds: number;
  /** Limit of the CPU: seconds of CPU time per second */
  readonly vcpus: number;
  /** memory_usage_bytes in percent of the limit */
  readonly memory_percentage: number;
  /** Memory that processes, files in memory (tmpfs) and the kernel use for the instance. Page cache is left out, because the kernel frees it when memory is needed */
  readonly memory_usage_bytes: number;
  /** Memory of the instance type */
  readonly memory_limit_bytes: number;
  /** Disk in use, with the files of the image. Absent if the host does not report it */
  readonly disk_usage_bytes?: number;
  /** Disk of the instance type */
  readonly disk_limit_bytes?: number;
  /** Processes and threads */
  readonly process_count: number;
  /** Most processes and threads */
  readonly process_limit: number;
  /** Bytes received since the last start. Absent if the instance is in no VPC, as the other network members */
  readonly network_rx_bytes?: number;
  /** Bytes sent since the last start */
  readonly network_tx_bytes?: number;
  /** Packets received since the last start */
  readonly network_rx_packets?: number;
  /** Packets sent since the last start */
  readonly network_tx_packets?: number;
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

export interface Invitation {
  readonly id: string;
  readonly tenant_id: string;
  readonly email: string;
  readonly role: string;
  /** Id of the user who sent the last mail */
  readonly invited_by: string;
  readonly created_at: string;
  readonly sent_at: string;
  readonly expires_at: string;
}

export interface MasterKeyRotation {
  readonly id: string;
  /** WAITING, RESEALING, DONE or FAILED */
  readonly status: string;
  /** Of the new key */
  readonly key_version?: number;
  /** Values that are sealed under the new key so far */
  readonly resealed: number;
  /** Why it failed */
  readonly reason?: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly ended_at?: string;
}

export interface Me {
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
  /** What the key may do in the active tenant: the role's permissions, within the key's own. *: all */
  readonly permissions: readonly string[];
}

export interface Member {
  /** The user's id */
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: string;
  readonly joined_at: string;
}

export interface MyInvitation {
  readonly id: string;
  readonly tenant_id: string;
  readonly tenant_name: string;
  /** Role that you would have */
  readonly role: string;
  /** E-mail address of the user who sent the last mail */
  readonly invited_by: string;
  readonly created_at: string;
  readonly expires_at: string;
}

export interface NetworkInterface {
  readonly id: string;
  readonly private_ip: string;
  readonly mac_address: string;
  /** Kind of the resource that has the address: instance */
  readonly resource_type: string;
  /** Absent if you may not read such a resource, as its name and host name */
  readonly resource_id?: string;
  readonly resource_name?: string;
  /** Absent while the resource is being deleted */
  readonly hostname?: string;
  /** Full DNS name in the VPC */
  readonly dns_name?: string;
  readonly created_at: string;
}

export interface OperatedSession {
  readonly id: string;
  readonly user_id: string;
  readonly email: string;
  /** Tenant in which the session acts */
  readonly tenant_id?: string;
  readonly created_at: string;
  readonly last_used?: string;
  readonly expires_at: string;
}

export interface OperatedTenant {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly owner_id: string;
  readonly owner_email: string;
  /** free, pro, enterprise */
  readonly plan: string;
  /** active or suspended */
  readonly status: string;
  /** Why it is suspended; its members read this */
  readonly status_reason?: string;
  readonly account_number: string;
  readonly members: number;
  readonly created_at: string;
  readonly closed_at?: string;
  /** Used amount of each quota; in lists only if asked for */
  readonly usage?: Readonly<Record<string, number>>;
}

export interface OperatedUser {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  /** Role on the platform; admin is an operator */
  readonly role: string;
  /** active; locked: after too many wrong passwords; suspended: by an operator; closed: the account is gone */
  readonly status: "active" | "locked" | "suspended" | "closed";
  readonly locked_until?: string;
  readonly suspended_at?: string;
  /** What the user is told */
  readonly suspended_reason?: string;
  readonly created_at: string;
  /** Memberships, the first 100; not in lists */
  readonly tenants?: ReadonlyArray<{
    readonly tenant_id: string;
    readonly role: string;
  }>;
}

export interface Permission {
  readonly permission: string;
  /** Operations that need it; none: it is for a service that this platform does not have yet */
  readonly operations: readonly string[];
}

export interface PlatformStatus {
  readonly name: string;
  /** degraded: the API answers, but instances cannot be launched or changed at the moment */
  readonly status: "operational" | "degraded";
  /** first_user: nobody has registered yet; who does is the operator. closed: nobody new can register */
  readonly registration: "first_user" | "open" | "closed";
  /** Region of the AWS API, which clients sign for */
  readonly region: string;
  /** Where the AWS API listens, such as http://127.0.0.1:4566; absent: nowhere */
  readonly aws_endpoint?: string;
  /** The operator's message */
  readonly notice?: string;
}

export interface Published {
  /** Of the published message; the envelopes have it */
  readonly id: string;
  readonly deliveries: readonly PublishedTo[];
}

export interface PublishedTo {
  readonly subscription_id: string;
  /** delivered, filtered or failed */
  readonly outcome: string;
  /** Of the message in the queue */
  readonly message_id?: string;
  /** Why it failed */
  readonly error?: string;
}

export interface Queue {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly arn: string;
  /** ACTIVE or DELETING */
  readonly status: string;
  readonly fifo: boolean;
  /** Seconds for which a received message is hidden from other receivers */
  readonly visibility_timeout: number;
  /** retention_seconds in days, rounded up */
  readonly retention_days: number;
  /** Seconds after which a message that nobody deleted expires */
  readonly retention_seconds: number;
  /** Bytes */
  readonly max_message_size: number;
  readonly delay_seconds: number;
  readonly receive_wait_seconds: number;
  readonly dead_letter_queue_id?: string;
  readonly max_receive_count?: number;
  readonly redrive_allow?: {
    /** allow_all, deny_all or by_queue */
    readonly permission: string;
    readonly source_queue_ids?: readonly string[];
  };
  /** Of a FIFO queue, as the next two */
  readonly content_based_deduplication?: boolean;
  /** queue or message_group */
  readonly deduplication_scope?: string;
  /** per_queue or per_message_group */
  readonly fifo_throughput?: string;
  /** A policy document of AWS, as JSON */
  readonly access_policy?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface QueueMessage {
  readonly id: string;
  readonly queue_id: string;
  readonly body: string;
  /** MD5 of the body, in hex */
  readonly md5: string;
  /** Bytes of the body and the attributes */
  readonly size: number;
  /** Up to ten, by name */
  readonly attributes?: Readonly<Record<string, {
    readonly type: string;
    /** Base64 if the type is Binary */
    readonly value: string;
  }>>;
  /** Deletes the message, or changes its visibility */
  readonly receipt_handle?: string;
  readonly visible_at?: string;
  readonly received_count: number;
  readonly first_received_at?: string;
  readonly group_id?: string;
  readonly deduplication_id?: string;
  /** The order in a FIFO queue: 20 digits */
  readonly sequence_number?: string;
  /** Id of the queue from which it came into this dead-letter queue */
  readonly dead_letter_source?: string;
  /** Id of the user who sent it */
  readonly sender?: string;
  readonly trace_header?: string;
  readonly created_at: string;
}

export interface QueueMoveTask {
  readonly id: string;
  readonly source_queue_id: string;
  /** Absent: each message goes to the queue from which it came */
  readonly destination_queue_id?: string;
  /** RUNNING, COMPLETED, CANCELLED or FAILED */
  readonly status: string;
  /** Messages that were moved so far */
  readonly moved: number;
  /** Messages that were there when the task began */
  readonly to_move: number;
  readonly max_per_second?: number;
  readonly failure_reason?: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface QueueStats {
  readonly visible: number;
  /** Received and neither deleted nor visible again */
  readonly in_flight: number;
  readonly delayed: number;
  /** Age of the oldest message */
  readonly oldest_age_seconds?: number;
  readonly bytes: number;
  readonly counted_at: string;
}

export interface Quota {
  readonly tenant_id: string;
  /** Counted resource: instances, vcpus, memory_mb, storage_gb … */
  readonly resource: string;
  /** Maximum that the tenant may use */
  readonly max: number;
  /** Default maximum for tenants */
  readonly default_max: number;
}

export interface QuotaUsage {
  /** Counted resource: instances, vcpus, memory_mb, storage_gb … */
  readonly resource: string;
  /** Amount that is used */
  readonly used: number;
  /** Maximum that may be used */
  readonly max: number;
  /** Unit of used and max */
  readonly unit: string;
}

export interface RandomPassword {
  readonly password: string;
}

export interface RevealedSecret {
  readonly id: string;
  readonly name: string;
  /** The value as it was given: text, or base64 */
  readonly value: string;
  /** The same under the name that older clients read */
  readonly encrypted_value: string;
  /** text or base64 */
  readonly encoding: string;
  readonly version_id: string;
  readonly stages: readonly string[];
  /** When this version was stored */
  readonly created_at: string;
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

export interface SearchResult {
  /** instance, vpc, member … */
  readonly kind: string;
  /** Service whose operations take the id: instances, vpcs … */
  readonly service: string;
  readonly id: string;
  readonly name: string;
  /** What tells it from others: its status, its address */
  readonly detail?: string;
}

export interface Secret {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  /** ACTIVE or DELETING */
  readonly status: string;
  readonly description?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of one that is being deleted: when it is gone for good */
  readonly deletes_at?: string;
  /** When its value was last read, to the hour */
  readonly last_accessed_at?: string;
  /** Days between two rotations */
  readonly rotation_days?: number;
  /** Characters of the password that a rotation makes */
  readonly rotation_length?: number;
  /** When it is rotated next */
  readonly rotates_at?: string;
  /** When it was last rotated */
  readonly rotated_at?: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface SecretVersion {
  readonly id: string;
  /** Counts the versions of the secret: the first one is 1 */
  readonly number: number;
  /** AWSCURRENT, AWSPREVIOUS, AWSPENDING or names of your choice; none: it goes after 30 days */
  readonly stages: readonly string[];
  /** Bytes of the value */
  readonly size: number;
  /** text or base64 */
  readonly encoding: string;
  /** Who stored it */
  readonly user_id: string;
  readonly created_at: string;
}

export interface Session {
  readonly id: string;
  /** Whether this request came with its key */
  readonly current: boolean;
  /** Address of the login */
  readonly ip_address?: string;
  /** Client of the login */
  readonly user_agent?: string;
  readonly created_at: string;
  /** At most a few seconds late */
  readonly last_used?: string;
  readonly expires_at: string;
}

export interface Setting {
  readonly name: string;
  /** The value now */
  readonly value: string;
  readonly default: string;
  readonly description: string;
  /** Absent: it has its default */
  readonly updated_at?: string;
  /** Id of the operator who set it */
  readonly updated_by?: string;
}

export interface StoredSecretVersion {
  readonly id: string;
  /** Counts the versions of the secret: the first one is 1 */
  readonly number: number;
  /** AWSCURRENT, AWSPREVIOUS, AWSPENDING or names of your choice; none: it goes after 30 days */
  readonly stages: readonly string[];
  /** Bytes of the value */
  readonly size: number;
  /** text or base64 */
  readonly encoding: string;
  /** Who stored it */
  readonly user_id: string;
  readonly created_at: string;
  readonly secret_id: string;
  readonly secret_name: string;
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
  /** Since when it is retried rarely and apart from other work, because each attempt takes long */
  readonly parked_at?: string;
  /** The code that the tenant sees: DELETE_STUCK, ENGINE_FAILED … */
  readonly reason_code?: string;
  /** The sentence that the tenant sees */
  readonly reason?: string;
  /** What you can do about it */
  readonly advice: string;
}

export interface Subscription {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly topic_id: string;
  /** queue */
  readonly protocol: string;
  /** Id of the queue */
  readonly endpoint: string;
  readonly raw_delivery: boolean;
  /** JSON; absent: all messages */
  readonly filter_policy?: string;
  /** attributes or body: what the filter policy looks at */
  readonly filter_scope: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface TakenMail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Tenant {
  readonly id: string;
  readonly name: string;
  /** Unique on the platform; stands for the id in paths and commands */
  readonly slug: string;
  /** One of the owners: the first, or who followed */
  readonly owner_id: string;
  readonly plan: string;
  /** active, or suspended by the operator of the platform */
  readonly status: string;
  readonly status_reason?: string;
  /** Members need a second factor to act in the tenant */
  readonly require_second_factor: boolean;
  /** Your role in the tenant */
  readonly role: string;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Topic {
  readonly id: string;
  readonly user_id: string;
  readonly tenant_id: string;
  readonly name: string;
  readonly arn: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
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
  /** Addresses of resources in the VPC. Only in the answer of GET /vpcs/:id, as the next two */
  readonly addresses_in_use?: number;
  /** Released addresses, which the platform assigns again when no free one is left */
  readonly addresses_resting?: number;
  /** Addresses that no resource ever had */
  readonly addresses_free?: number;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface WaitingMail {
  readonly id: string;
  /** Tenant that sends it; none: the platform */
  readonly tenant_id?: string;
  readonly created_at: string;
  readonly expires_at: string;
}

export interface WorkOfKind {
  /** Kind of the resource, or sweep:<name> for work that returns regularly */
  readonly kind: string;
  /** Passes that wait for a worker */
  readonly due: number;
  readonly running: number;
  /** Resources whose last pass failed */
  readonly failing: number;
  /** Resources that are retried rarely and apart from other work */
  readonly parked: number;
  /** Since when the oldest has waited */
  readonly oldest_due_at?: string;
  /** Of a sweep: the end of its last good run */
  readonly last_run_at?: string;
  /** Of a sweep */
  readonly next_run_at?: string;
}
