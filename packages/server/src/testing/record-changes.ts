import type pg from 'pg';

/** What was changed: `update vpcs`, once for each row. */
export interface Changes {
  /** All that was committed since the last look. */
  take(): Promise<readonly string[]>;
}

/** Of a table whose name is here, what a refused call may still change: no trigger fires for it. */
const ALLOWED: Readonly<Record<string, { readonly on: 'insert' | 'update'; readonly unless: string }>> = {
  // Who was refused is written down.
  audit_logs: { on: 'insert', unless: `new.outcome = 'refused'` },
  // When a key was used last is noted now and then.
  api_keys: { on: 'update', unless: `to_jsonb(old) - 'last_used' = to_jsonb(new) - 'last_used'` },
};

/** Rows of these end with their transaction. */
const PASSING: ReadonlySet<string> = new Set(['proofs']);

/**
 * Records in this database, from now on, each row that anybody creates, writes or removes, even if the write changes nothing. What is
 * rolled back is not recorded. A look costs what was changed, however large the tables are: hashing every row took longer with each test.
 */
export async function recordChanges(owner: Pick<pg.Pool, 'query'>): Promise<Changes> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `select relname as name from pg_class where relkind in ('r', 'p') and not relispartition and relnamespace = 'public'::regnamespace`,
  );
  const lasting = tables.filter(({ name }) => !PASSING.has(name));
  const triggers = lasting.flatMap(({ name }) => {
    const allowed = ALLOWED[name];
    const make = (event: string, condition: string) =>
      `create trigger record_${event} after ${event} on public."${name}" for each ${event === 'truncate' ? 'statement' : 'row'} ${condition}
       execute function recorded.note()`;
    return ['insert', 'update', 'delete', 'truncate'].map((event) =>
      make(event, allowed?.on === event ? `when ((${allowed.unless}) is not true)` : ''),
    );
  });
  await owner.query(
    `create schema recorded;
     create unlogged table recorded.changes (what text not null);
     create function recorded.note() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
     begin
       insert into recorded.changes values (lower(tg_op) || ' ' || tg_table_name);
       return null;
     end
     $$;
     ${triggers.join(';\n')}`,
  );
  return {
    take: async () => {
      const { rows } = await owner.query<{ what: string }>('delete from recorded.changes returning what');
      return rows.map((row) => row.what);
    },
  };
}
