/** Groups of the console's navigation, in their order, with their titles. */
export const CONSOLE_GROUPS = {
  compute: 'Compute',
  network: 'Network',
  data: 'Data',
  messages: 'Messages',
  access: 'Access',
  activity: 'Activity',
  account: 'Account',
  operator: 'Platform',
} as const;

/** What the console cannot know from the descriptors of a service, to derive its pages. Plain data. */
export interface ConsoleFacet {
  readonly group: keyof typeof CONSOLE_GROUPS;
  /** Title of its pages, where the group says the rest: `Users`. Default: the service's. */
  readonly heading?: string;
  /** Name of a lucide icon: `key-round`. */
  readonly icon: string;
  /** Place within the group: lower first. Default: behind those that have one. */
  readonly order?: number;
  /** One plain sentence that teaches what an item is, for who has none yet. */
  readonly summary: string;
  /** One item, for people. Default: the noun of its kind. */
  readonly noun?: string;
  /** Members of an item that the list shows. Default: the columns of the command line without the id. */
  readonly columns?: readonly string[];
  /** The member that people call an item by. Default: `name`, else the id. */
  readonly title?: string;
  /** The member that says how an item is. Default: `status`. */
  readonly status?: string;
  /** The member that another operation's input takes for an item. Default: the one that stands in its path. */
  readonly value?: string;
  /** Members of an item that name another resource, with its kind. */
  readonly references?: Readonly<Record<string, string>>;
}
