import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createTestDatabase, withClient } from '../../packages/testkit/src/index.ts';

const ROLES = ['cloud_api', 'cloud_operator', 'cloud_data', 'cloud_worker'];
const isProduct = (path: string) => !/\.test\.ts$|\/testing\/|\/generated\//.test(path);
const statements = globSync('packages/server/src/**/*.ts')
  .filter(isProduct)
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');

/** By name in a statement of any process, or by what runs with a role’s own rights: policies, triggers, defaults, constraints and functions. */
it('no role may execute a function that nothing calls', async () => {
  const test = await createTestDatabase();
  try {
    const unused = await withClient(test.ownerUrl, async (client) => {
      const { rows: granted } = await client.query<{ name: string; role: string }>(
        `select distinct p.proname as name, r.role from pg_proc p cross join unnest($1::text[]) r(role)
         where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype and has_function_privilege(r.role, p.oid, 'execute')
         order by 1, 2`,
        [ROLES],
      );
      const { rows: called } = await client.query<{ text: string }>(
        `select p.prosrc as text from pg_proc p where p.pronamespace = 'public'::regnamespace and not p.prosecdef
         union all select coalesce(qual, '') || ' ' || coalesce(with_check, '') from pg_policies
         union all select pg_get_triggerdef(oid) from pg_trigger
         union all select pg_get_expr(adbin, adrelid) from pg_attrdef
         union all select pg_get_constraintdef(oid) from pg_constraint`,
      );
      const all = [statements, ...called.map(({ text }) => text)].join('\n');
      return granted
        .filter(({ name }) => !new RegExp(`\\b${name}\\(`).test(all))
        .map(({ name, role }) => `${role}: ${name}`);
    });
    expect(unused).toEqual([]);
  } finally {
    await test.drop();
  }
});
