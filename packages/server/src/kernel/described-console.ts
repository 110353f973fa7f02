// What `api/console.json` says. Types only, without an import: the console's TypeScript project reads this file too.

/** What the console derives its pages from. Operations stand here by name; what each is, `api/operations.json` says. */
export interface DescribedConsole {
  /** Of the navigation, in its order. */
  readonly groups: readonly { readonly name: string; readonly title: string }[];
  /** Services with derived pages, in the order of the navigation. */
  readonly services: readonly DescribedService[];
  /** How to open, list and name what a reference names. */
  readonly kinds: Readonly<Record<string, DescribedKind>>;
  /** Operations that no derived page offers; each is in the `offers` of a custom page. */
  readonly custom: readonly string[];
}

/** A service whose list, create form, detail page, actions and deletion are derived. */
export interface DescribedService {
  /** `instances`; also the part of its pages' URL. */
  readonly name: string;
  readonly title: string;
  /** The noun of its events and audit rows: `instance`. */
  readonly resource: string;
  /** The kind of its items, if operations name them. */
  readonly kind?: string;
  /** One item, for people: `API key`. */
  readonly noun: string;
  /** Who sees its pages: `user` and `tenant` a signed-in user, `operator` an operator. */
  readonly scope: string;
  readonly group: string;
  /** Name of a lucide icon: `key-round`. */
  readonly icon: string;
  /** One sentence that says what an item is. */
  readonly summary: string;
  /** Members of an item that its list shows. */
  readonly columns: readonly string[];
  /** The member that people call an item by. */
  readonly titleMember: string;
  /** The member that says how an item is. */
  readonly statusMember?: string;
  /** The member of an item that stands in its path, and the parameter that it fills. */
  readonly item: { readonly member: string; readonly param: string };
  /** Input members that have this value in all calls: `{ tenant: 'current' }`. */
  readonly fixed: Readonly<Record<string, string>>;
  /** Members of an item that name another resource, with its kind. */
  readonly references: Readonly<Record<string, string>>;
  /** Members of an item that are hidden until somebody asks for them, because they are secret when it is created. */
  readonly hidden: readonly string[];
  /** Units of number members, of items and inputs: `{ memory_mb: 'MB' }`. */
  readonly units: Readonly<Record<string, string>>;
  readonly list: string;
  readonly get?: string;
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
  /** On one item. */
  readonly actions: readonly string[];
  /** On no particular item: `sessions.endOthers`. */
  readonly others: readonly string[];
  /** What must go before an item can be deleted. */
  readonly blockedBy: readonly { readonly service: string; readonly noun: string }[];
}

export interface DescribedKind {
  readonly noun: string;
  readonly service: string;
  readonly list: string;
  readonly get?: string;
  readonly titleMember: string;
  /** The member of an item that an input takes: `id`, or `name` of roles. */
  readonly valueMember: string;
}
