import { createRequire } from 'node:module';
import pg from 'pg';
import type { Database } from '../kernel/sql/pool.ts';
import { type Connection, type ConnectionSource, withTransaction } from '../kernel/sql/tx.ts';

/** A node of `explain (analyze, buffers, format json)`, as far as it is looked at. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

/** How the server ran a statement once: as the role and in the scope of the process that sent it. */
export interface Plan {
  readonly name: string;
  readonly text: string;
  /** `generic`: planned for whatever values come, as a prepared statement is after a few runs. */
  readonly mode: 'custom' | 'generic';
  readonly root: PlanNode;
}

/** Plans of one statement that are looked at; later runs of the same text are alike. */
const MOST_PLANS = 12;

const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as { prepareValue(value: unknown): unknown };

/** As the server's own literal, of whatever type the statement makes of it. */
function literal(value: unknown): string {
  const plain = prepareValue(value);
  if (plain === null) return 'null';
  return pg.escapeLiteral(Buffer.isBuffer(plain) ? `\\x${plain.toString('hex')}` : String(plain));
}

export const nodesOf = (node: PlanNode): readonly PlanNode[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

/**
 * A database that has the server explain every statement before it runs, in its own transaction and taken back again: what the processes
 * run is looked at as it is, under their roles and policies, and nothing has to be listed.
 */
export function explainAll(database: Database, plans: Plan[]): Database {
  const source: ConnectionSource = {
    watchTransactions: database.watchTransactions,
    connect: async (signal) => explainOn(await database.connect(signal), plans),
  };
  return {
    ...database,
    ...source,
    async query(name, text, values) {
      const connection = await source.connect();
      try {
        return await connection.query(name, text, values);
      } finally {
        connection.release(false);
      }
    },
    transaction: (scope, fn, options) => withTransaction(source, scope, fn, options),
  };
}

let prepared = 0;

function explainOn(connection: Connection, plans: Plan[]): Connection {
  let isOpen = false;
  /** Statements come pipelined; what is explained in between must not be torn apart. */
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };

  /** The first run on a connection reads the catalog too. */
  const warm = new Set<string>();

  async function explain(name: string, text: string, values: readonly unknown[]): Promise<void> {
    if (plans.filter((plan) => plan.text === text).length >= MOST_PLANS) return;
    const given = values.length > 0 ? `(${values.map(literal).join(', ')})` : '';
    for (const mode of [...(warm.has(text) ? [] : (['custom'] as const)), 'custom', 'generic'] as const) {
      await connection.command(isOpen ? 'savepoint explained' : 'begin');
      try {
        const plan = `explained_${++prepared}`;
        await connection.command(`set local plan_cache_mode = force_${mode}_plan`);
        await connection.command(`prepare ${plan} as ${text}`);
        const [row] = await connection.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
          'test.explain',
          `explain (analyze, buffers, format json) execute ${plan}${given}`,
        );
        if (warm.has(text)) plans.push({ name, text, mode, root: row!['QUERY PLAN'][0].Plan });
        warm.add(text);
      } catch (error) {
        // What fails here fails just so when it runs.
        if (!(error instanceof pg.DatabaseError)) throw error;
      } finally {
        await connection.command(isOpen ? 'rollback to savepoint explained' : 'rollback');
      }
    }
  }

  return {
    ...connection,
    command: (text) =>
      alone(() => {
        isOpen = text.startsWith('begin');
        return connection.command(text);
      }),
    query: (name, text, values = []) =>
      alone(async () => {
        await explain(name, text, values);
        return connection.query(name, text, values);
      }),
  };
}
