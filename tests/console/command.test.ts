import { afterAll, expect, test } from 'vitest';
import { runMachine } from '../../packages/server/src/testing/machines.ts';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { PASSWORD } from '../../packages/server/src/testing/test-api.ts';
import { ensureConsole } from '../../scripts/console.mjs';
import { startBrowser } from './browser.ts';

const { api, owner, engine } = await setUpApi({ consoleDir: await ensureConsole({ say: () => undefined }) });
const browser = await startBrowser();
afterAll(() => browser.close());

test('a command runs in an instance from its page, and the page shows the same call as code', async () => {
  const id = await runMachine(api, engine, owner);
  const { rows } = await api.owner.query<{ slug: string }>('select slug from tenants where id = $1', [owner.tenantId]);
  await browser.visit(api.url, async ({ context, page }) => {
    const answer = await context.request.post(`${api.url}/auth/login`, {
      headers: { 'x-cloud-console': '1', origin: api.url },
      data: { email: owner.email, password: PASSWORD },
    });
    expect(answer.status()).toBe(200);
    await page.goto(`${api.url}/console/t/${rows[0]!.slug}/instances/${id}?tab=command`);
    await page.getByRole('textbox', { name: 'Command' }).fill('echo <b>hello</b>');
    await page.keyboard.press('Enter');
    await page.getByText('Ended with exit code 0').waitFor();
    expect(await page.getByRole('status').locator('pre').textContent()).toBe('<b>hello</b>\n');

    await page.getByText('The same with code').click();
    const code = page.locator('details pre');
    // A command may hold a secret: it stands there by name.
    expect(await code.textContent()).toBe(`cloud instances exec ${id} -- '<command>'`);
    await page.getByRole('button', { name: 'curl' }).click();
    expect(await code.textContent()).toContain(`curl ${api.url}/instances/${id}/exec`);
    await page.getByRole('button', { name: 'TypeScript' }).click();
    expect(await code.textContent()).toContain('cloud.instances.exec({');
  });
});
