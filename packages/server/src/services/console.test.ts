import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeConsole } from '../kernel/describe-console.ts';
import { createSealer } from '../kernel/seal.ts';
import { composeRegistry } from '../services.ts';

const root = join(import.meta.dirname, '../../../..');
const registry = composeRegistry({
  sealer: createSealer(new Map([[1, Buffer.alloc(32)]])),
  region: 'us-east-1',
  platformId: '000000000000',
});
const described = describeConsole(registry);

/** The lists of what hand-written pages offer: those of services in their folders, and those of the console itself. */
const offerFiles = [
  ...readdirSync(import.meta.dirname).map((service) => join(import.meta.dirname, service, 'console/offers.ts')),
  join(root, 'packages/console/src/offers.ts'),
].filter((path) => existsSync(path));

const offers = new Map(
  await Promise.all(
    offerFiles.map(async (path) => {
      const module = (await import(pathToFileURL(path).href)) as { readonly offers: readonly string[] };
      return [path.slice(root.length + 1), module.offers] as const;
    }),
  ),
);
const offered = [...offers.values()].flat();

const derived = described.services.flatMap(({ list, get, create, update, delete: remove, actions, others }) =>
  [list, get, create, update, remove, ...actions, ...others].filter((name) => name !== undefined),
);

/** What is wrong with where an operation is offered; undefined: nothing. */
function flawOf(name: string): string | undefined {
  const isCustom = described.custom.includes(name);
  if (isCustom && derived.includes(name)) return `${name} is custom, and a derived page offers it too`;
  if (isCustom && offered.includes(name)) return undefined;
  if (isCustom)
    return `${name} has console: 'custom', and no page offers it; add it to the 'offers' of the page that does (services/<service>/console/offers.ts or packages/console/src/offers.ts)`;
  if (derived.includes(name)) return undefined;
  return `${name} is on no page: no page derives from its path and effect. Give its service a console facet, or set console: 'custom' and write a page (docs/add-a-service.md, section 9)`;
}

describe('the pages of the console', () => {
  it('offer every operation, once', () => {
    expect([...registry.entries.keys()].map(flawOf).filter(Boolean)).toEqual([]);
  });

  it('that are hand-written offer only operations that say so', () => {
    for (const [path, names] of offers)
      for (const name of names)
        expect(
          described.custom,
          `${path} offers '${name}', which no operation with console: 'custom' is called`,
        ).toContain(name);
  });

  it('that are hand-written call what they offer', () => {
    for (const [path, names] of offers) {
      const folder = join(root, path, '..');
      const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
        (file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$|offers\.ts$/.test(file),
      );
      const text = sources.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
      for (const name of names)
        expect(text.includes(`'${name}'`), `${path} offers '${name}', which no page beside it calls`).toBe(true);
    }
  });

  it('that are hand-written are called after the service that shows them', () => {
    const names = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
      .map((path) => /console[\\/]([\w-]+)\.page\.tsx$/.exec(path)?.[1])
      .filter((name) => name !== undefined);
    expect(names.length).toBeGreaterThan(2);
    expect(described.services.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
  });

  it('open with a group, an icon and a sentence for who has nothing yet', () => {
    const groups = described.groups.map(({ name }) => name);
    for (const { name, group, summary, icon } of described.services) {
      expect(groups, name).toContain(group);
      expect(summary, name).toMatch(/^[A-Z].{20,140}\.$/);
      expect(icon, name).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
    }
  });
});
