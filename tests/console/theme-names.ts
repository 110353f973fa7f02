import { beforeAll, describe, expect, test } from 'vitest';
import { logIn, settle } from './act.ts';
import type { Use } from './stage.ts';
import { enter, type Person } from './world.ts';

const SCRIPT = '<script>alert(1)</script>';
const IMAGE = '"><img src=x onerror=alert(1)>';
const RTL = 'مشروع الميناء‏ \u202egnp.exe';
const EMOJI = '🌊🚢 Häfen 👩🏽‍🚀';
const LONG = 'W'.repeat(64);

/** What the name of a person or a tenant may hold. */
const visible = (name: string): string => name.replaceAll(/\p{Cf}/gu, '');

/** Whatever people call their things is text, wherever it stands. */
export function describeNames(use: Use): void {
  describe('odd names', () => {
    let person: Person;
    let tenant: { id: string; slug: string };
    let instance: string;
    /** Pages of single things. */
    const items: string[] = [];

    beforeAll(async () => {
      person = await enter(use().platform, { name: `${SCRIPT} ${visible(RTL)}`, email: 'odd+name@example.com' });
      tenant = await person.client.ask('POST', '/tenants', { name: `${IMAGE} ${visible(EMOJI)}`, slug: 'odd-names' });
      await use().platform.query(`insert into quotas (tenant_id, resource, max) values ($1, 'vpcs', 10)`, [tenant.id]);
      const headers = { 'x-tenant-id': tenant.id };
      const ask = (method: string, path: string, body: object) => person.client.ask(method, path, body, headers);
      for (const name of [SCRIPT, IMAGE, RTL, EMOJI, LONG]) {
        items.push(`/vpcs/${(await ask('POST', '/vpcs?wait=30', { name })).id}`);
        items.push(`/keys/${(await ask('POST', '/auth/keys', { name })).id}`);
      }
      const role = await ask('POST', '/rbac/roles', {
        name: `R${LONG.slice(2)}`,
        description: `${SCRIPT} ${RTL} ${EMOJI}`,
      });
      const { id } = await ask('POST', '/instances', {
        name: LONG,
        image: 'busybox',
        instance_type: 'tiny',
        // It stands in the picture of this network.
        vpc_id: items[0]!.slice('/vpcs/'.length),
        labels: { [LONG.slice(1)]: LONG.slice(1), kind: 'a-label' },
        env: [`MARKUP=${SCRIPT}`, `RIGHT=${RTL}`, `SEA=${EMOJI}`, `LONG=${LONG.repeat(8)}`],
        metadata: { note: `${IMAGE} ${RTL}` },
      });
      instance = id;
      items.push(`/roles/${role.id}`, `/members/${person.email}`, `/tenants/${tenant.id}`);
    }, 90_000);

    const pages = (): string[] => [
      '',
      '/vpcs',
      '/instances',
      '/keys',
      '/roles',
      '/members',
      '/tenants',
      '/events',
      '/audit',
      '/quotas',
      '/instances/new',
      '/members?tab=tenant',
      ...items,
      `/instances/${instance}`,
      `/instances/${instance}?tab=events`,
      `/instances/${instance}?tab=audit`,
    ];

    test('are text on every page that shows them, and push nothing off a phone', { timeout: 120_000 }, async () => {
      const { platform, browser } = use();
      await browser.visit(
        platform.address,
        async ({ page, context }) => {
          const alerts: string[] = [];
          page.on('dialog', (dialog) => {
            alerts.push(dialog.message());
            void dialog.dismiss();
          });
          await logIn({ address: platform.address, context }, person);
          for (const path of pages()) {
            await page.goto(`${platform.address}/console/t/odd-names${path}`);
            await settle(page);
            const width = await page.evaluate<number>('document.documentElement.scrollWidth');
            expect([path, width]).toEqual([path, 375]);
            expect([path, await page.locator('img[src="x"], main script').count()]).toEqual([path, 0]);
          }
          expect(alerts).toEqual([]);
        },
        { viewport: { width: 375, height: 812 } },
      );
    });

    test('are shown whole, and one that reads from the right does not turn its neighbours round', async () => {
      const { platform, browser } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, person);
        await page.goto(`${platform.address}/console/t/odd-names/vpcs`);
        for (const name of [SCRIPT, IMAGE, EMOJI, LONG])
          await page.getByRole('link', { name, exact: true }).first().waitFor();
        // Between its own marks, so that the override inside ends with it.
        const isolated = await page.evaluate<boolean>(
          `[...document.querySelectorAll('bdi')].some((one) => one.textContent.includes('gnp.exe'))`,
        );
        expect(isolated).toBe(true);
        await page.getByRole('button', { name: `Tenant: ${IMAGE} ${visible(EMOJI)}` }).waitFor();
      });
    });
  });
}
