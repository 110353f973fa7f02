import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { setUpApi } from '../packages/server/src/testing/set-up-api.ts';
import { findMetrics, metricsPage } from '../scripts/metrics-page.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly action: string };
}
const rules = (parse(read('docs/operations/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  (group) => group.rules,
);
const panels = (
  JSON.parse(read('docs/operations/dashboard.json')) as { panels: { title: string; targets: { expr: string }[] }[] }
).panels;
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

/** The metrics that an expression names, and whether it is PromQL. */
function namesIn(expr: string): { readonly names: readonly string[]; readonly isValid: boolean } {
  const names: string[] = [];
  let isValid = true;
  parser.parse(expr).iterate({
    enter: (node) => {
      if (node.type.isError) isValid = false;
      if (node.name === 'Identifier') names.push(expr.slice(node.from, node.to));
    },
  });
  return { names, isValid };
}

const declared = findMetrics(root);
const series = new Set(
  declared.flatMap(({ name, type }) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
);

describe('the alerts and the dashboard', () => {
  it.each(expressions)('%s is PromQL over metrics that exist', (_, expr) => {
    const { names, isValid } = namesIn(expr);
    expect(isValid, expr).toBe(true);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) if (name !== 'up') expect([...series]).toContain(name);
  });

  it('are found out when they are wrong', () => {
    expect(namesIn('sum(rate(thecloud_x[5m])').isValid).toBe(false);
    expect(namesIn('sum by (le) (rate(thecloud_x[5m])) > 1')).toEqual({ names: ['thecloud_x'], isValid: true });
  });

  it('say what to do, and have names of their own', () => {
    for (const { annotations } of rules) {
      expect(annotations.summary.length).toBeGreaterThan(10);
      expect(annotations.action).toMatch(/\.$|stuck$/);
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });
});

describe('the reference of metrics', () => {
  it('is as the sources declare them: else `npm run gen`', () => {
    expect(read('docs/reference/metrics.md')).toBe(metricsPage(root));
  });

  it('has every metric of a real answer, with its type', async () => {
    const { api, owner } = await setUpApi();
    await api.call('vpcs.list', {}, owner);
    const { text } = await api.send('GET', '/metrics');
    const answered = [...text.matchAll(/^# TYPE (thecloud_\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
    expect(answered.length).toBeGreaterThan(12);
    const known = declared.map(({ name, type }) => `${name} ${type}`);
    expect(known).toEqual(expect.arrayContaining(answered));
    // What a sample shows beside the process is a label that the page names.
    for (const [, name, labels] of text.matchAll(/^(thecloud_\w+)\{([^}]*)\}/gm)) {
      const metric = declared.find((one) => name === one.name || name!.startsWith(`${one.name}_`))!;
      const shown = [...labels!.matchAll(/(\w+)="/g)]
        .map(([, label]) => label!)
        .filter((label) => label !== 'le' && label !== 'process');
      expect(metric.labels, name).toEqual(expect.arrayContaining(shown));
    }
  });
});
