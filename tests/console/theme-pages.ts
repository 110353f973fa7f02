import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { findBarriers } from './accessibility.ts';
import { logIn, settle, wear } from './act.ts';
import { listPages, type PageOfConsole } from './pages.ts';
import type { Use } from './stage.ts';

/** Tabs that the page of each item has. */
const COMMON = new Set(['Events', 'Audit']);

/** What holds on every page. One tour of all of them finds it out; each test then says on which it does not hold. */
export function describePages(use: Use): void {
  describe('every page', () => {
    let pages: readonly PageOfConsole[];
    /** Parts of pages that were looked at, beside the first of each. */
    const tabs = new Set<string>();
    const found = { complaints: [], barriers: [], wide: [], headings: [] } as Record<string, string[]>;

    beforeAll(async () => {
      const { platform, browser, world } = use();
      pages = await listPages(world());
      for (const { path, person } of pages) {
        // What is wrong with the frame is wrong on every page: said once.
        const note = (kind: string, lines: readonly string[]): void =>
          void found[kind]!.push(
            ...lines
              .filter((line) => !found[kind]!.some((one) => one.endsWith(line)))
              .map((line) => `${path}: ${line}`),
          );
        await browser
          .visit(platform.address, async (visitor) => {
            if (person) await logIn(visitor, person);
            // The trail has what an operator did, who is a member of no tenant but their own, and what a key of another tenant did.
            visitor.allow(/^404: GET \S+\/(members|member-keys)\//);
            await visitor.page.goto(`${platform.address}${path}`);
            const look = async (): Promise<void> => {
              await settle(visitor.page);
              note('headings', await findHeadingFlaws(visitor.page));
              for (const colorScheme of ['light', 'dark'] as const) {
                await wear(visitor.page, colorScheme);
                note(
                  'barriers',
                  (await findBarriers(visitor.page)).map((line) => `${colorScheme}: ${line}`),
                );
              }
              note('wide', await findOverflow(visitor.page));
            };
            await look();
            const parts = visitor.page.locator('main').getByRole('tab', { selected: false });
            for (const part of await parts.allInnerTexts()) {
              // Those that all have are the same on all.
              if (COMMON.has(part) && tabs.has(part)) continue;
              tabs.add(part);
              await visitor.page.getByRole('tab', { name: part, exact: true }).click();
              await look();
            }
          })
          .catch((error: unknown) => note('complaints', [(error as Error).message]));
      }
    }, 300_000);

    test('loads without a complaint of the browser', () => {
      expect(found['complaints']).toEqual([]);
      expect(pages.length).toBeGreaterThan(40);
      expect([...tabs]).toEqual(
        expect.arrayContaining([
          'Terminal',
          'Log',
          'Metrics',
          'Command',
          'Messages',
          'Send',
          'Redrive',
          'Events',
          'Audit',
        ]),
      );
    });
    test('keeps nobody out: axe finds nothing serious, light or dark', () => expect(found['barriers']).toEqual([]));
    test('fits a phone: it scrolls down, not to the side', () => expect(found['wide']).toEqual([]));
    test('has one heading, with which its title begins', () => expect(found['headings']).toEqual([]));
  });
}

async function findHeadingFlaws(page: Page): Promise<string[]> {
  const headings = await page.locator('h1').allInnerTexts();
  const title = await page.title();
  const [first = '', ...more] = headings.map((one) => one.split('\n')[0]!.trim());
  return more.length === 0 && first !== '' && title.startsWith(first)
    ? []
    : [`the headings ${JSON.stringify(headings)} below the title '${title}'`];
}

async function findOverflow(page: Page): Promise<string[]> {
  await page.setViewportSize({ width: 375, height: 812 });
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  await page.setViewportSize({ width: 1280, height: 800 });
  return width > 375 ? [`${width} px wide on a screen of 375`] : [];
}
