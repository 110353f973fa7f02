import type { Page } from 'playwright-core';
import type { Visitor } from './browser.ts';
import type { Person } from './world.ts';

type Who = Pick<Person, 'email' | 'password'>;

/** Gives the visitor the session's cookie as the form would, without its page. */
export async function logIn(
  { address, context }: Pick<Visitor, 'address' | 'context'>,
  { email, password }: Who,
): Promise<void> {
  const answer = await context.request.post(`${address}/auth/login`, {
    headers: { 'x-cloud-console': '1', origin: address },
    data: { email, password },
  });
  if (!answer.ok()) throw new Error(`${email} cannot log in: ${answer.status()} ${await answer.text()}`);
}

/**
 * Waits until an expression is true on the page. Playwright's waitForFunction looks from within the page, where the content security policy refuses
 * to evaluate text.
 */
export async function until(page: Page, expression: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await page.evaluate<unknown>(expression))) {
    if (performance.now() > deadline) throw new Error(`not within 15 s: ${expression}`);
    await page.waitForTimeout(25);
  }
}

/** Waits until nothing on the page is still being read: for two looks, since a part may begin to read when another has. */
export async function settle(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  for (let quiet = 0; quiet < 2; quiet++) {
    await until(
      page,
      `![...document.querySelectorAll('[role=status] .sr-only')].some((one) => one.textContent === 'Loading')`,
    );
    await page.waitForTimeout(60);
  }
  await page.evaluate('document.fonts.ready.then(() => undefined)');
}

/** Types into the form of the login, as a person does. */
export async function fillLogin(page: Page, { email, password }: Who): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** As somebody whose system is light or dark sees it. Waits for the paint, which is what axe looks at. */
export async function wear(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await until(page, `document.documentElement.dataset.theme === '${colorScheme}'`);
  await page.evaluate('new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)))');
}
