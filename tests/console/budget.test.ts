import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ensureConsole } from '../../scripts/console.mjs';

/** Bytes of script that the browser may need before it shows anything: a second on a slow line of 1.6 Mbit/s. */
const FIRST_LOAD = 200 * 1024;

/** What a browser fetches, as the platform sends it. */
describe('the built console', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await ensureConsole();
  }, 150_000);

  const sent = (path: string): number => readFileSync(join(folder, `${path}.br`)).length;
  /** The scripts that a script needs before it runs. */
  const importsOf = (path: string): string[] =>
    [...readFileSync(join(folder, path), 'utf8').matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)].map(
      (found) => `assets/${found[1]}`,
    );
  const withImports = (paths: readonly string[], known = new Set<string>()): Set<string> => {
    for (const path of paths.filter((one) => !known.has(one))) withImports(importsOf(path), known.add(path));
    return known;
  };
  const page = (): string => readFileSync(join(folder, 'index.html'), 'utf8');
  const firstScripts = (): Set<string> =>
    withImports([...page().matchAll(/\/console\/(assets\/[\w.-]+\.js)/g)].map((found) => found[1]!));

  test('needs at most 200 KB of compressed script before it shows anything', () => {
    const scripts = firstScripts();
    expect(scripts.size).toBeGreaterThan(0);
    const bytes = [...scripts].reduce((sum, path) => sum + sent(path), 0);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(FIRST_LOAD);
  });

  test('has a chunk for each page, which the first load is without', () => {
    const first = firstScripts();
    const chunks = readdirSync(join(folder, 'assets')).filter((name) => name.endsWith('.js'));
    for (const name of ['instances.page', 'roles.page', 'members.page', 'login', 'overview', 'terminal']) {
      // The name, and eight characters of the content's hash.
      const found = chunks.filter((chunk) => chunk.startsWith(`${name}-`) && chunk.length === `${name}-.js`.length + 8);
      expect([name, found.length]).not.toEqual([name, 0]);
      for (const chunk of found) expect(first).not.toContain(`assets/${chunk}`);
    }
  });

  test('loads nothing from elsewhere', () => {
    const links = [...page().matchAll(/(?:src|href)="([^"]+)"/g)].map((found) => found[1]!);
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) expect(link).toMatch(/^\/console\//);
  });
});
