import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Person, World } from './world.ts';

/** A page of the console, and who opens it. */
export interface PageOfConsole {
  /** Names its screenshots. */
  readonly name: string;
  /** Below the address of the platform. */
  readonly path: string;
  /** Undefined: nobody is logged in. */
  readonly person: Person | undefined;
}

interface DescribedService {
  readonly name: string;
  readonly scope: 'tenant' | 'user' | 'operator' | 'public';
  readonly item?: { readonly member: string };
  readonly list?: string;
  readonly get?: string;
  readonly create?: string;
}

const read = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../api', name), 'utf8')) as unknown;
const { services } = read('console.json') as { services: readonly DescribedService[] };
const operations = read('operations.json') as readonly { readonly name: string; readonly path: string }[];

/** Every page: those before the login, and the list, the form and one item of each service, as its owner or the operator sees it. */
export async function listPages(world: World): Promise<PageOfConsole[]> {
  const { owner, operator } = world.people;
  const base = (person: Person) => `/console/t/${person.slug}`;
  const pages: PageOfConsole[] = [
    ...['login', 'register', 'forgot-password', 'reset-password'].map((name) => ({
      name,
      path: `/console/${name}`,
      person: undefined,
    })),
    { name: 'overview', path: base(owner), person: owner },
    { name: 'overview-operator', path: base(operator), person: operator },
    { name: 'health', path: `${base(operator)}/health`, person: operator },
    { name: 'account', path: '/console/account', person: owner },
    { name: 'invitation', path: '/console/invitation', person: owner },
  ];
  for (const service of services) {
    const person = service.scope === 'operator' ? operator : owner;
    const path = `${base(person)}/${service.name}`;
    pages.push({ name: service.name, path, person });
    if (service.create) pages.push({ name: `${service.name}-new`, path: `${path}/new`, person });
    const item = await findItem(service, person, world);
    if (item !== undefined)
      pages.push({ name: `${service.name}-item`, path: `${path}/${encodeURIComponent(item)}`, person });
  }
  return pages;
}

/** What names the oldest item of those that the list shows; undefined if it shows none. */
async function findItem(service: DescribedService, person: Person, world: World): Promise<string | undefined> {
  const path = operations.find(({ name }) => name === service.list)?.path;
  if (path === undefined || service.item === undefined) return undefined;
  const items = (await person.client.ask('GET', path.replace(':tenant', world.tenant.id))) as Record<string, string>[];
  return items.at(-1)?.[service.item.member];
}
