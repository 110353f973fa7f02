import type pg from 'pg';

/**
 * A fingerprint of every table: how many rows, and what is in them, down to whether a row was written anew (xmin). Left out is what a
 * refused call may change: audit rows of refusals, and when a key was used last.
 */
export async function fingerprintDatabase(owner: Pick<pg.Client, 'query'>): Promise<Record<string, string>> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `select c.relname as name from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace order by 1`,
  );
  const parts = tables.map(({ name }) => {
    const content = name === 'api_keys' ? "(to_jsonb(t) - 'last_used')::text" : 't::text || t.xmin::text';
    const where = name === 'audit_logs' ? `where t.outcome <> 'refused'` : '';
    return `select '${name}' as name, count(*) || ' rows, ' || coalesce(sum(hashtextextended(${content}, 0)::numeric), 0) as print from "${name}" t ${where}`;
  });
  const { rows } = await owner.query<{ name: string; print: string }>(parts.join(' union all '));
  return Object.fromEntries(rows.map((row) => [row.name, row.print]));
}
