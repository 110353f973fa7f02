/** Where an example makes what its operation acts on. */
export interface ExampleWorld {
  /** Of the tables' owner: row-level security does not bind it, and nothing of ours is in between. */
  readonly owner: {
    query<Row extends object>(text: string, values?: readonly unknown[]): Promise<{ readonly rows: Row[] }>;
  };
  readonly tenantId: string;
  readonly userId: string;
  /** A host that is up, with room. */
  readonly hostId: string;
  /** A password that fits the world's user. */
  readonly password: string;
  /** The e-mail address of the world's user. */
  readonly email: string;
  /** A word that nobody else has: for names. */
  unique(): string;
}

/** The same beside a platform that is to answer a call. */
export interface CallWorld extends ExampleWorld {
  /** Seals a value as that platform does: see Sealer. */
  seal(tenantId: string, purpose: string, plaintext: string): string;
}

/** How an operation is called well: the generated negative tests start from here, so that none of them is vacuous. */
export interface Example {
  /** Makes what the call needs and answers its input. What it makes and says is new each time. */
  input(world: CallWorld): Promise<Readonly<Record<string, unknown>>>;
  /** More good inputs, for what the first leaves out: each filter of a list. */
  more?(world: CallWorld): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** The call ends its caller's keys, so that each needs a caller of its own. */
  readonly endsCaller?: boolean;
  /** What the audit row is about, where it is not the target in the caller's tenant. */
  about?(call: {
    readonly input: Readonly<Record<string, unknown>>;
    // oxlint-disable-next-line typescript/no-explicit-any -- answers differ by operation
    readonly data: any;
  }): Promise<{ readonly id?: string; readonly tenantId?: string }>;
}
