/** What `cloud doctor` has found out about this machine: plain data, so that the checks are pure. Undefined: it could not be found out. */
export interface Facts {
  readonly isRoot: boolean;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly now: number;
  /** `24.1.0` */
  readonly node: string;
  /** `6.1.0-18-amd64` */
  readonly kernel: string;
  /** Major versions of the PostgreSQL servers that are installed; empty with an external database, which needs none. */
  readonly postgres: readonly number[];
  /** `6.0.4`. Undefined: not installed. */
  readonly incus: string | undefined;
  readonly hasLxcfs: boolean;
  /** Controllers of the control groups, in the words of version 2. */
  readonly cgroups: { readonly version: 1 | 2; readonly controllers: readonly string[] };
  /** Names in /proc/self/ns. */
  readonly namespaces: readonly string[];
  readonly maxUserNamespaces: number | undefined;
  /** File systems that the kernel has, or has a module of. */
  readonly fileSystems: readonly string[];
  /** What `nft list tables` said. */
  readonly nftables: { readonly works: boolean; readonly said: string };
  readonly dataDir: DataDirFacts;
  readonly ports: readonly PortFacts[];
  /** Whether a time service says that the clock is right. */
  readonly isClockSynchronised: boolean | undefined;
  /** The newest time of a file that the platform or this command wrote. */
  readonly newestFile: { readonly path: string; readonly at: number } | undefined;
  readonly leftovers: readonly string[];
  readonly database: DatabaseFacts;
}

export interface DataDirFacts {
  readonly path: string;
  readonly exists: boolean;
  /** A platform holds its lock. */
  readonly isRunning: boolean;
  /** Of the disk below it, or of the folder above if it does not exist yet. */
  readonly disk: {
    readonly freeBytes: number;
    readonly bytes: number;
    readonly freeInodes: number;
    readonly inodes: number;
  };
  readonly isReadOnly: boolean;
  readonly entries: readonly EntryFacts[];
  /** Folders above it that the platform's system users cannot pass. */
  readonly closedParents: readonly string[];
}

/** A file or folder in the data folder, and what it has to be. */
export interface EntryFacts {
  readonly path: string;
  readonly exists: boolean;
  /** `700` */
  readonly mode: string;
  readonly owner: string;
  readonly size: number;
  readonly wanted: {
    /** Without it a platform that ran here cannot start again. */
    readonly needed: boolean;
    /** No other bits may be set. */
    readonly mode: string;
    readonly owner: string;
    readonly size?: number;
  };
}

export interface PortFacts {
  /** `CLOUD_LISTEN` */
  readonly setting: string;
  readonly port: number;
  readonly taken: 'free' | 'by the platform' | 'by another';
  /** What listens there, if that could be found out. */
  readonly by: string | undefined;
}

export interface DatabaseFacts {
  /** `own`: the cluster in the data folder. */
  readonly kind: 'own' | 'external';
  /** Undefined: not asked, because the cluster is stopped with the platform, or the passwords cannot be read. */
  readonly answer:
    | { readonly ok: true; readonly migration: number }
    | { readonly ok: false; readonly said: string }
    | undefined;
  /** The newest migration beside this command. Undefined: it stands alone. */
  readonly newestMigration: number | undefined;
}
