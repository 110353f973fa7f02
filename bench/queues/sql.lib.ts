import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPostgresBin } from '../../packages/testkit/src/postgres-cluster.ts';
import { median, quantile } from '../measure.ts';

export interface SqlQueue {
  readonly socketDir: string;
  readonly port: number;
  readonly password: string;
  readonly tenantId: string;
  readonly queueId: string;
}

export interface SqlRates {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** As every connection of the platform plans: a table that was filled a moment ago has no statistics, and would be read as a whole. */
const PLANNING = ['seqscan', 'bitmapscan', 'sort', 'hashjoin', 'mergejoin']
  .map((kind) => `-c enable_${kind}=off`)
  .join(' ');

/** What a program does that keeps its messages in the same table by statements of its own, one commit a call. */
function scriptOf(does: 'send' | 'take', batch: number, bodyBytes: number): string {
  if (does === 'send') {
    const row = `(:queue, :tenant, '${'x'.repeat(bodyBytes)}', ${bodyBytes}, now())`;
    return `insert into queue_messages (queue_id, tenant_id, body, size, visible_after) values ${Array.from({ length: batch }, () => row).join(', ')};\n`;
  }
  return `with next as materialized (
  select id from queue_messages where queue_id = :queue and visible_after <= now() order by visible_after limit ${batch} for update skip locked
), taken as (
  update queue_messages set visible_after = now() + interval '30 s', receipt_handle = gen_random_uuid()::text, received_count = received_count + 1
  where id = any(array(select id from next)) returning id, body, receipt_handle
) select coalesce(array_agg(id), '{}')::text as ids, sum(length(body)) as bytes from taken \\gset
delete from queue_messages where id = any(:ids::uuid[]);
`;
}

/** Plain SQL by pgbench, for the seconds given; messages a second and milliseconds of a transaction (of two, for a receive with its delete). */
export async function runPgbench(
  queue: SqlQueue,
  {
    does,
    batch,
    clients,
    bodyBytes,
    seconds,
  }: { does: 'send' | 'take'; batch: number; clients: number; bodyBytes: number; seconds: number },
): Promise<SqlRates> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-pgbench-'));
  try {
    const script = join(folder, 'script.sql');
    writeFileSync(script, scriptOf(does, batch, bodyBytes));
    const { stdout } = await promisify(execFile)(
      join(findPostgresBin(), 'pgbench'),
      [
        `-n -M prepared -c ${clients} -j 1 -T ${seconds} -l -D queue=${queue.queueId} -D tenant=${queue.tenantId} -p ${queue.port} -U cloud`.split(
          ' ',
        ),
        ['-f', script, '--log-prefix', join(folder, 'log'), '-h', queue.socketDir, 'thecloud'],
      ].flat(),
      { env: { PATH: '/usr/bin:/bin', PGPASSWORD: queue.password, PGOPTIONS: PLANNING } },
    );
    const transactions = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
    const times = readdirSync(folder)
      .filter((name) => name.startsWith('log'))
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .map((line) => Number(line.split(' ')[2]) / 1000);
    return { perSecond: transactions * batch, p50: median(times), p99: quantile(times, 0.99) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
