/**
 * `npm run console:screenshots`: every page of a platform in use, at three widths, light and dark, in .cache/screenshots. Words after it choose
 * pages: `npm run console:screenshots -- overview instances`.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startPlatform } from '../../packages/testkit/src/platform-api.ts';
import { ensureSystemPackages, exitWith } from '../../scripts/setup.mjs';
import { startBrowser, type Visitor } from './browser.ts';
import { logIn, settle, wear } from './act.ts';
import { listPages, type PageOfConsole } from './pages.ts';
import { fillWorld, type Person } from './world.ts';

const FOLDER = resolve(import.meta.dirname, '../../.cache/screenshots');
const WIDTHS = { 375: 812, 1280: 800, 1920: 1080 };
const chosen = process.argv.slice(2);

try {
  await ensureSystemPackages(true);
} catch (error) {
  exitWith(error);
}
const platform = await startPlatform();
const browser = await startBrowser();
const failures: string[] = [];
try {
  const pages = (await listPages(await fillWorld(platform))).filter(
    ({ name }) => chosen.length === 0 || chosen.some((word) => name.startsWith(word)),
  );
  if (chosen.length === 0) rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const person of new Set(pages.map((page) => page.person)))
    await photograph(
      person,
      pages.filter((page) => page.person === person),
    );
} finally {
  await browser.close();
  await platform.close();
}
console.log(`screenshots are in ${FOLDER}`);
if (failures.length > 0) {
  console.error(failures.join('\n'));
  process.exitCode = 1;
}

/** One visit for each page, so that a page that fails says which it is and the others are still taken. */
async function photograph(person: Person | undefined, pages: readonly PageOfConsole[]): Promise<void> {
  for (const page of pages) {
    const act = async (visitor: Visitor): Promise<void> => {
      if (person) await logIn(visitor, person);
      await visitor.page.goto(`${platform.address}${page.path}`);
      await settle(visitor.page);
      for (const [width, height] of Object.entries(WIDTHS)) {
        await visitor.page.setViewportSize({ width: Number(width), height });
        for (const colorScheme of ['light', 'dark'] as const) {
          await wear(visitor.page, colorScheme);
          const path = join(FOLDER, `${page.name}-${width}-${colorScheme}.png`);
          await visitor.page.screenshot({ path, animations: 'disabled' });
        }
      }
    };
    await browser
      .visit(platform.address, act)
      .catch((error: unknown) => failures.push(`${page.name} (${page.path}): ${String(error)}`));
    console.log(page.name);
  }
}
