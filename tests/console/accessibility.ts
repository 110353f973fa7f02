import axe from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * What would keep people from using the page as it is shown now: axe's findings of serious or critical impact, a line each with the element.
 * The terminal draws its own text, for which axe has no eye, so it stays out.
 */
export async function findBarriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const violations = await page.evaluate<axe.Result[]>(
    `axe.run({ exclude: ['.xterm'] }, { resultTypes: ['violations'] }).then((results) => results.violations)`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, help, nodes }) =>
      nodes.map(
        ({ target, html, any }) => `${id}: ${help}; ${target.join(' ')} ${html.slice(0, 200)} ${any[0]?.message ?? ''}`,
      ),
    );
}
