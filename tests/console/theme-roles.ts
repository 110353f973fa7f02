import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { logIn, settle } from './act.ts';
import { listPages } from './pages.ts';
import type { Use } from './stage.ts';
import { enter, type Person } from './world.ts';

interface DescribedOperation {
  readonly name: string;
  readonly verb: string;
  readonly summary: string;
  readonly method: string;
  readonly permission?: string;
}
const operations = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../api/operations.json'), 'utf8'),
) as readonly DescribedOperation[];

/** What a role does not allow is not offered, and what is another tenant's is not there. */
export function describeRoles(use: Use): void {
  describe('a role', () => {
    /** Words on controls that call what the person may not: `Stop`, `Launch an instance`. */
    const forbiddenWords = async ({ client }: Person): Promise<Set<string>> => {
      const { permissions } = await client.ask('GET', '/auth/me');
      return new Set(
        operations
          .filter(({ method, permission }) => method !== 'GET' && permission && !permissions.includes(permission))
          .flatMap(({ verb, summary }) => [titleOf(verb), summary]),
      );
    };
    /** Words of all controls on the pages of the tenant, as the person sees them. */
    const controlsOf = async (person: Person): Promise<Controls> => {
      const { platform, browser, world } = use();
      const { people, tenant } = world();
      const pages = (await listPages(world())).filter(
        (page) => page.person === people.owner && page.path.includes(tenant.slug) && !page.path.endsWith('/new'),
      );
      const [words, pressed] = [new Set<string>(), new Set<string>()];
      await browser.visit(platform.address, async (visitor) => {
        // Pages that the role does not open, and the owner's keys and tenants.
        visitor.allow(/^40[34]: GET/);
        await logIn(visitor, person);
        for (const { path } of pages) {
          await visitor.page.goto(`${platform.address}${path}`);
          await settle(visitor.page);
          const shown = await readControls(visitor.page);
          for (const word of shown.words) words.add(word);
          for (const word of shown.pressed) pressed.add(word);
        }
      });
      return { words: [...words].sort(), pressed: [...pressed].sort() };
    };

    test('of a viewer is offered nothing that changes anything, on no page', { timeout: 240_000 }, async () => {
      const { owner, viewer } = use().world().people;
      const forbidden = await forbiddenWords(viewer);
      const offered = async (person: Person) => {
        const controls = await controlsOf(person);
        return [
          ...controls.words.filter(
            // Reading has some words of its own that are also a change's: a list that follows is paused, and so is a job.
            (word) => (forbidden.has(word) && !READS.test(word)) || ['Terminal', 'Command'].includes(word),
          ),
          ...controls.pressed.filter((word) => !READS.test(word)),
        ];
      };
      // What proves that the test would see them.
      const toOwner = await offered(owner);
      expect(toOwner).toEqual(
        expect.arrayContaining(['Launch an instance', 'Create a VPC', 'Create a role', 'Stop', 'Reboot', 'Delete']),
      );
      expect(toOwner).toEqual(
        expect.arrayContaining(['Terminal', 'Command', 'Invite somebody', 'Role of Priya Raman']),
      );
      expect(await offered(viewer)).toEqual([]);
    });

    test('of a viewer opens no form that it may not send', async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        visitor.allow(/^403: GET/);
        await logIn(visitor, world().people.viewer);
        for (const service of ['instances', 'vpcs', 'roles', 'invitations']) {
          await visitor.page.goto(`${platform.address}/console/t/${world().tenant.slug}/${service}/new`);
          await settle(visitor.page);
          expect(await visitor.page.locator('main form').count()).toBe(0);
          expect(await visitor.page.locator('main').innerText()).toMatch(/may not|permission|role/i);
        }
      });
    });

    test('in one tenant leads nowhere in another', async () => {
      const { platform, browser, world } = use();
      const stranger = await enter(platform, { name: 'A stranger', email: 'stranger@elsewhere.example' });
      const { instances, vpcs, tenant } = world();
      const links = [
        `/console/t/${tenant.slug}`,
        `/console/t/${tenant.id}`,
        `/console/t/${tenant.slug}/instances`,
        `/console/t/${tenant.slug}/instances/${instances['web-1']}`,
        `/console/t/${tenant.id}/members`,
        `/console/t/${stranger.slug}/instances/${instances['web-1']}`,
        `/console/t/${stranger.slug}/instances/${instances['web-1']}?tab=terminal`,
        `/console/t/${stranger.slug}/vpcs/${vpcs['production']}`,
        `/console/t/${stranger.slug}/tenants/${tenant.id}`,
      ];
      await browser.visit(platform.address, async (visitor) => {
        visitor.allow(/^40[34]: GET/);
        // React says so of what an error boundary shows.
        visitor.allow(/^console: .*you are not a member of a tenant/);
        await logIn(visitor, stranger);
        for (const link of links) {
          await visitor.page.goto(`${platform.address}${link}`);
          await settle(visitor.page);
          const text = await visitor.page.locator('body').innerText();
          expect([link, text]).toEqual([
            link,
            expect.stringMatching(/no such|there is no|not a member|does not exist/i),
          ]);
          expect(text).not.toMatch(/web-1|production|Harbour Books|10\.0\.0\./);
        }
      });
    });

    test('of the operator alone shows the pages of the platform', async () => {
      const { platform, browser, world } = use();
      const { owner, operator } = world().people;
      await browser.visit(platform.address, async (visitor) => {
        visitor.allow(/^403: GET/);
        await logIn(visitor, owner);
        await visitor.page.goto(`${platform.address}/console/t/${owner.slug}/admin-users`);
        await settle(visitor.page);
        expect(await visitor.page.locator('body').innerText()).not.toContain(operator.email);
        expect(await visitor.page.getByRole('link', { name: 'Users' }).count()).toBe(0);
      });
      await browser.visit(platform.address, async (visitor) => {
        await logIn(visitor, operator);
        await visitor.page.goto(`${platform.address}/console/t/${operator.slug}/admin-users`);
        await visitor.page.getByRole('cell', { name: owner.email, exact: true }).waitFor();
      });
    });
  });
}

/** `endOthers` → `End others`, as the console writes it on a button. */
const titleOf = (verb: string): string => {
  const words = verb.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** What a page offers to press, choose or type into. */
interface Controls {
  /** Of buttons and links, with what the menus of the page hold. */
  readonly words: readonly string[];
  /** Names of all but links, which lead somewhere and do nothing. */
  readonly pressed: readonly string[];
}

/**
 * Names of controls that only read, or change what is the viewer's own. One that is new on a page is added here, by a person who knows that it
 * changes nothing.
 */
const READS =
  /^(All .+|Code|Copy .+|Filters?( .+)?|Pause|Try again|End others|Create session|Actions on (Priya Raman|node|Mozilla.+))$/;

async function readControls(page: Page): Promise<Controls> {
  const words = await page.locator('main').locator('button, a').allInnerTexts();
  const pressed = await page.evaluate<string[]>(
    // Those of a column sort, those of a tab show.
    `[...document.querySelectorAll('main :is(button, input, select, textarea)')]
      .filter((one) => !one.closest('[role=columnheader], [role=tablist]'))
      .map((one) => one.getAttribute('aria-label') ?? (one.labels?.[0] ?? one).textContent)`,
  );
  const menus = page.locator('main').getByRole('button', { name: /^Actions on/ });
  if ((await menus.count()) > 0) {
    await menus.first().click();
    words.push(...(await page.getByRole('menuitem').allInnerTexts()));
    await page.keyboard.press('Escape');
  }
  const trimmed = (all: readonly string[]) => all.map((word) => word.trim());
  return { words: trimmed(words), pressed: trimmed(pressed) };
}
