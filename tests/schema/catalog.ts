import type pg from 'pg';

/** Facts of a live schema, one a line, that two databases can be compared by. */
export interface Fact {
  readonly table: string;
  readonly kind: 'table' | 'column' | 'default' | 'primary key' | 'unique' | 'foreign key' | 'index' | 'predicate';
  readonly text: string;
}

/**
 * Reads what the catalog says of the tables in `public`. A column is a fact with its type and nullability, its default another; a key or an
 * index is a fact for each of its columns (name, place, uniqueness), a foreign key is one with its target and its action, the condition of a
 * partial index is one. Of the guide's 29 tables that makes 435.
 */
export async function readFacts(client: pg.Client): Promise<readonly Fact[]> {
  const { rows } = await client.query<Fact>(`
    with tables as (
      select c.oid, c.relname::text as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'),
    columns as (
      select t.oid, t.name as table, a.attnum, a.attname::text as column, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull, d.adrelid, d.adbin
      from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum)
    select name as table, 'table' as kind, name as text from tables
    union all
    select c.table, 'column', format('%s.%s %s%s', c.table, c.column, type, case when attnotnull then ' not null' else '' end) from columns c
    union all
    select c.table, 'default', format('%s.%s default %s', c.table, c.column, pg_get_expr(adbin, adrelid)) from columns c where adbin is not null
    union all
    select t.name, case con.contype when 'p' then 'primary key' else 'unique' end,
           format('%s: %s column %s', con.conname, a.attname, k.place)
    from tables t join pg_constraint con on con.conrelid = t.oid and con.contype in ('p', 'u')
    cross join unnest(con.conkey) with ordinality as k(attnum, place)
    join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum
    union all
    select t.name, 'foreign key', format('%s.%s', t.name, pg_get_constraintdef(con.oid))
    from tables t join pg_constraint con on con.conrelid = t.oid and con.contype = 'f'
    union all
    select t.name, 'index', format('%s on %s: %s column %s using %s%s', i.indexrelid::regclass, t.name, pg_get_indexdef(i.indexrelid, k.place, true),
                                   k.place, am.amname, case when i.indisunique then ' unique' else '' end)
    from tables t join pg_index i on i.indrelid = t.oid
    join pg_class ic on ic.oid = i.indexrelid join pg_am am on am.oid = ic.relam
    cross join generate_series(1, i.indnkeyatts) as k(place)
    where not exists (select from pg_constraint con where con.conindid = i.indexrelid and con.contype in ('p', 'u'))
    union all
    select t.name, 'predicate', format('%s where %s', i.indexrelid::regclass, pg_get_expr(i.indpred, i.indrelid))
    from tables t join pg_index i on i.indrelid = t.oid where i.indpred is not null
    order by 1, 2, 3`);
  return rows;
}

/** A foreign key as the rules about tenants look at it. */
export interface ForeignKey {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly target: string;
  readonly target_columns: readonly string[];
  /** pg_constraint.confdeltype: a nothing, c cascade, n set null. */
  readonly on_delete: string;
  /** What SET NULL sets; null: every column. */
  readonly nulled: readonly string[] | null;
}

export async function readForeignKeys(client: pg.Client): Promise<readonly ForeignKey[]> {
  const names = (numbers: string, relation: string) =>
    `(select array_agg(a.attname::text order by k.place) from unnest(${numbers}) with ordinality as k(number, place)
      join pg_attribute a on a.attrelid = ${relation} and a.attnum = k.number)`;
  const { rows } = await client.query<ForeignKey>(`
    select conname::text as name, conrelid::regclass::text as table, ${names('conkey', 'conrelid')} as columns,
           confrelid::regclass::text as target, ${names('confkey', 'confrelid')} as target_columns, confdeltype as on_delete,
           ${names('confdelsetcols', 'conrelid')} as nulled
    from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace order by 1`);
  return rows;
}
