/** The command below which the operator's verbs stand. */
export const ADMIN = 'admin';

/** How text on the command line becomes a value. */
export type Kind = 'string' | 'integer' | 'number' | 'boolean' | 'json';

/** A member of an operation's input, as a flag or an argument. */
export interface Member {
  /** `vpc_id` */
  readonly name: string;
  /** `vpc-id`; of a list or a record the singular, since it is repeated. */
  readonly flag: string;
  readonly kind: Kind;
  /** `list`: repeated; `record`: repeated key=value. */
  readonly shape?: 'list' | 'record';
  readonly required?: boolean;
  readonly description?: string;
  readonly choices?: readonly string[];
  /** The form of each text, for people: `KEY=value`. */
  readonly form?: string;
  /** The same as a regular expression. */
  readonly pattern?: string;
  /** `--no-<flag>` sends null, which takes it away. */
  readonly nullable?: true;
  readonly min?: number;
  readonly max?: number;
  /** The kind of resource that it names: `vpc`. */
  readonly names?: string;
}

/** What the command line needs to know of an operation; JSON, embedded in the bundle. */
export interface Verb {
  /** `instances.launch` */
  readonly name: string;
  /** The operator's verbs stand below `cloud admin`. */
  readonly group?: typeof ADMIN;
  /** The word on the command line: `instances`. */
  readonly service: string;
  readonly verb: string;
  readonly summary: string;
  readonly description?: string;
  readonly effect: string;
  readonly scope: string;
  readonly permission?: string;
  /** Quotas that the operation counts against, with the default maximum of each. */
  readonly uses?: readonly { readonly resource: string; readonly max: number; readonly noun: string }[];
  readonly method: string;
  readonly path: string;
  /** In the order of the command line. */
  readonly args: readonly Member[];
  readonly flags: readonly Member[];
  /** The list member that takes what follows `--`. */
  readonly rest?: Member;
  /** Members of the output: a table's columns. */
  readonly columns: readonly string[];
  /** All members of the output, if they are others than the columns. */
  readonly fields?: readonly string[];
  /** The ids in its tables are shown short, because the service's verbs take a part of an id. */
  readonly shortIds?: true;
  /** The member that names the resource; of verbs that act on one. */
  readonly target?: string;
  /** Members of the input and of the answer that the HTTP exchange never shows. */
  readonly secrets?: readonly string[];
  readonly idempotent?: boolean;
  readonly settles?: { readonly field: string; readonly values: readonly string[] };
  readonly live?: boolean;
  readonly answer?: 'json' | 'text' | 'stream' | 'socket' | 'events';
  /** Has a hand-written command: see custom/. */
  readonly custom?: boolean;
}

/** Whether the path names the tenant in which the call acts: the command line says the active one, which `--tenant` chooses. */
export const actsInTenant = (verb: Pick<Verb, 'path'>): boolean => verb.path.startsWith('/tenants/:tenant/');

/** The words of a verb's command: `['admin', 'quotas', 'set']`. */
export const wordsOf = (verb: Pick<Verb, 'group' | 'service' | 'verb'>): readonly string[] => [
  ...(verb.group === undefined ? [] : [verb.group]),
  verb.service,
  verb.verb,
];

/** What a person types for a verb, without its arguments: `cloud admin quotas set`. */
export const commandOf = (verb: Pick<Verb, 'group' | 'service' | 'verb'>): string =>
  ['cloud', ...wordsOf(verb)].join(' ');

/** The verb that lists the resources of a kind. */
export const listerOf = (kind: string, verbs: readonly Verb[]): Verb | undefined => {
  for (const verb of verbs) {
    const names = verb.args.find(({ name }) => name === verb.target)?.names;
    const lister = names === kind ? siblingOf(verb, verbs, 'list') : undefined;
    if (lister?.effect === 'list') return lister;
  }
  return undefined;
};

/** Another verb of the same service. */
export const siblingOf = (verb: Verb, verbs: readonly Verb[], name: string): Verb | undefined =>
  verbs.find((other) => other.name === `${verb.name.split('.')[0]}.${name}`);
