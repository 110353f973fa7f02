import { CONSOLE_GROUPS, type ConsoleFacet } from './console.ts';
import type { DescribedConsole, DescribedKind, DescribedService } from './described-console.ts';
import { CURRENT_TENANT } from './operation.ts';
import type { Entry, Registry } from './registry.ts';
import type { Service } from './service.ts';

/** Endings of members' names that are units. */
const UNITS: Readonly<Record<string, string>> = {
  bytes: 'bytes',
  mb: 'MB',
  gb: 'GB',
  mbps: 'Mbit/s',
  seconds: 's',
  ms: 'ms',
  days: 'days',
  hours: 'h',
};

interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Where an operation stands on the derived pages of its service; undefined: nowhere. */
type Place = 'list' | 'create' | 'get' | 'update' | 'delete' | 'action' | 'other';

/**
 * What the console derives its pages from. The paths say what an operation is about: the list stands at `/things`, one thing at `/things/:id`,
 * what is done to it at `/things/:id/stop`. Throws Error for a facet that contradicts the descriptors.
 */
export function describeConsole(registry: Registry): DescribedConsole {
  const groups = Object.entries(CONSOLE_GROUPS).map(([name, title]) => ({ name, title }));
  const services = registry.services
    .flatMap((service) => (typeof service.console === 'object' ? [{ service, facet: service.console }] : []))
    .sort((one, other) => rank(one.facet) - rank(other.facet))
    .map(({ service, facet }) => describe(registry, service, facet));
  const kinds = Object.fromEntries([
    ...listedKinds(registry),
    ...services.flatMap((service) => kindOf(registry, service)),
  ]);
  for (const { name, references } of services)
    for (const [member, kind] of Object.entries(references))
      if (!kinds[kind]) throw new Error(`${name}: '${member}' names the kind '${kind}', which no list answers`);
  const custom = [...registry.entries.values()].filter((entry) => isCustom(registry, entry)).map(({ name }) => name);
  return { groups, services, kinds, custom };
}

/** Place in the navigation. */
const rank = ({ group, order = 99 }: ConsoleFacet): number => Object.keys(CONSOLE_GROUPS).indexOf(group) * 100 + order;

const serviceOf = (registry: Registry, entry: Entry): Service =>
  registry.services.find(({ name }) => name === entry.service)!;

const isCustom = (registry: Registry, entry: Entry): boolean =>
  entry.descriptor.console === 'custom' || serviceOf(registry, entry).console === 'custom';

function placeOf({ descriptor, answer }: Entry, base: string): Place | undefined {
  const { path } = descriptor.http;
  if (descriptor.console === 'custom' || answer !== 'json' || descriptor.live || !path.startsWith(base))
    return undefined;
  const place = path.slice(base.length).replaceAll(/:\w+/g, ':');
  switch (descriptor.effect) {
    case 'list':
    case 'create':
      return place === '' ? descriptor.effect : undefined;
    case 'read':
      // Where reading the thing itself shows what is secret, its page is made of what is known of it.
      return place === '/:' || place === '/:/metadata' ? 'get' : undefined;
    case 'delete':
      return place === '/:' ? 'delete' : undefined;
    case 'update':
    case 'action':
      if (place === '/:' && descriptor.effect === 'update') return 'update';
      return /^\/:\/[\w-]+$/.test(place) ? 'action' : /^\/[\w-]+$/.test(place) ? 'other' : undefined;
  }
}

function describe(registry: Registry, service: Service, facet: ConsoleFacet): DescribedService {
  const own = [...registry.entries.values()].filter((entry) => entry.service === service.name);
  const base = service.operations['list']?.http.path;
  if (base === undefined) throw new Error(`${service.name}: its console facet needs an operation 'list'`);
  const at = (place: Place) => own.filter((entry) => placeOf(entry, base) === place);
  const [list] = at('list');
  if (!list) throw new Error(`${service.name}: its console facet needs a list that a page can derive from`);
  const [get, create, update, remove] = (['get', 'create', 'update', 'delete'] as const).map((place) => at(place)[0]);
  const ofItem = [get, update, remove, ...at('action')].filter((entry) => entry !== undefined);
  const members = membersOf(list.descriptor.output);
  const fixed = Object.fromEntries(list.pathParams.map((param) => [param, CURRENT_TENANT]));
  if (list.pathParams.some((param) => param !== list.descriptor.tenant))
    throw new Error(`${service.name}: the path of its list has parameters that a page cannot fill`);
  const params = [...new Set(ofItem.map(({ pathParams }) => pathParams[list.pathParams.length]!))];
  if (params.length > 1) throw new Error(`${service.name}: its paths call an item ${params.join(' and ')}`);
  const param = params[0] ?? 'id';
  const item = [param, 'id', 'name'].find((name) => members.includes(name)) ?? members[0]!;
  const title = facet.title ?? (members.includes('name') ? 'name' : item);
  const columns = facet.columns ?? [title, ...cliColumns(list).filter((column) => ![title, 'id'].includes(column))];
  const status = facet.status ?? (members.includes('status') ? 'status' : undefined);
  for (const member of [title, status ?? title, ...columns, ...Object.keys(facet.references ?? {})])
    if (!members.includes(member)) throw new Error(`${service.name}: its items have no member '${member}'`);
  const kind = ofItem.map(({ targets }) => targets.at(-1)?.kind).find(Boolean) ?? list.descriptor.answers;
  const noun = facet.noun ?? kindNamed(registry, kind)?.noun ?? service.resource.replaceAll('_', ' ');
  return {
    name: service.name,
    title: facet.heading ?? service.title,
    resource: service.resource,
    ...(kind === undefined ? {} : { kind }),
    noun,
    scope: list.scope,
    group: facet.group,
    icon: facet.icon,
    summary: facet.summary,
    columns,
    titleMember: title,
    ...(status === undefined ? {} : { statusMember: status }),
    item: { member: item, param },
    fixed,
    references: facet.references ?? {},
    hidden: members.filter((name) => [create, update].some((entry) => entry?.descriptor.secrets?.includes(name))),
    units: unitsOf(own),
    list: list.name,
    ...(get ? { get: get.name } : {}),
    ...(create ? { create: create.name } : {}),
    ...(update ? { update: update.name } : {}),
    ...(remove ? { delete: remove.name } : {}),
    actions: at('action').map(({ name }) => name),
    others: at('other').map(({ name }) => name),
    blockedBy: registry.services.flatMap(({ name, blocks }) => {
      const blocker = kind === undefined ? undefined : blocks?.[kind];
      return blocker ? [{ service: name, noun: blocker.noun }] : [];
    }),
  };
}

const membersOf = (schema: unknown): readonly string[] => Object.keys((schema as JsonSchema).properties ?? {});

const cliColumns = ({ descriptor: { cli, output } }: Entry): readonly string[] =>
  (typeof cli === 'object' ? cli.columns : undefined) ?? membersOf(output).slice(0, 6);

const kindNamed = (registry: Registry, name: string | undefined) =>
  name === undefined ? undefined : registry.services.map(({ kinds }) => kinds?.[name]).find(Boolean);

/** Of the number members of inputs and outputs, also within objects. */
function unitsOf(entries: readonly Entry[]): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const visit = (schema: JsonSchema): void => {
    for (const [name, member] of Object.entries(schema.properties ?? {})) {
      const unit = UNITS[/[a-z]+$/.exec(name)?.[0] ?? ''];
      if (unit !== undefined && ['integer', 'number'].includes(member.type ?? '')) found[name] = unit;
      visit(member);
    }
  };
  for (const { descriptor } of entries) {
    visit(descriptor.input as JsonSchema);
    visit(descriptor.output as JsonSchema);
  }
  return found;
}

/** Kinds that a list answers, on whatever page it stands: `permission`. */
const listedKinds = (registry: Registry): readonly (readonly [kind: string, DescribedKind])[] =>
  [...registry.entries.values()].flatMap(({ name, service, descriptor: { effect, answers, output }, pathParams }) => {
    if (effect !== 'list' || answers === undefined || pathParams.length > 0) return [];
    const member = [answers, 'id', 'name'].find((one) => membersOf(output).includes(one))!;
    const { noun } = kindNamed(registry, answers)!;
    const title = membersOf(output).includes('name') ? 'name' : member;
    return [[answers, { noun, service, list: name, titleMember: title, valueMember: member }] as const];
  });

/** The kind of a service's items. Of an item that others name, the list serves as a picker. */
function kindOf(registry: Registry, service: DescribedService): readonly (readonly [kind: string, DescribedKind])[] {
  if (service.kind === undefined) return [];
  const { console: facet } = registry.services.find(({ name }) => name === service.name)!;
  const value = typeof facet === 'object' ? facet.value : undefined;
  const described: DescribedKind = {
    noun: service.noun,
    service: service.name,
    list: service.list,
    ...(service.get === undefined ? {} : { get: service.get }),
    titleMember: service.titleMember,
    valueMember: value ?? service.item.member,
  };
  return [[service.kind, described]];
}
