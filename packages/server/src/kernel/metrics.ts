import {
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry as PromRegistry,
} from 'prom-client';

/** Prometheus metrics, names from the guide and the contract. Labels are bounded: no id of a tenant or a resource. */
export interface Metrics {
  readonly prometheus: PromRegistry;
  operation(name: string, outcome: string, ms: number): void;
  query(name: string, ms: number, failed: boolean): void;
  pass(kind: string, outcome: string, ms: number): void;
  request(method: string, route: string, status: number, ms: number): void;
  authAttempt(result: string): void;
  /** A row of the audit trail was written. */
  audited(outcome: 'allowed' | 'refused'): void;
  refusalDropped(): void;
  /** A mail's end (sent, refused, expired), or a try after which another follows (delayed). */
  mail(outcome: 'sent' | 'refused' | 'expired' | 'delayed'): void;
  /** A counter of one part of the platform. Returns what counts one. */
  counter(name: string, help: string): () => void;
  /** A counter by one label, of which few values exist. Returns what counts `by`, one by default. */
  counters(name: string, help: string, label: string): (value: string, by?: number) => void;
  /** A histogram of seconds. Returns what observes milliseconds. */
  histogram(name: string, help: string): (ms: number) => void;
  /** Values read when scraped. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  /** A labelled gauge, filled at each scrape. */
  gauges(
    name: string,
    help: string,
    labels: readonly string[],
    read: () => Promise<readonly { labels: Record<string, string>; value: number }[]>,
  ): void;
}

/** All samples of one process, as they travel to another. */
export type Samples = MetricObjectWithValues<MetricValue<string>>[];

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** `processName` labels every sample: the API shows the worker's beside its own. */
export function createMetrics(processName?: string): Metrics {
  const prometheus = new PromRegistry();
  if (processName !== undefined) prometheus.setDefaultLabels({ process: processName });
  const registers = [prometheus];
  const operations = new Histogram({
    name: 'thecloud_operation_duration_seconds',
    help: 'Operations through execute()',
    labelNames: ['operation', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const queries = new Histogram({
    name: 'thecloud_db_query_duration_seconds',
    help: 'Database queries by name',
    labelNames: ['query'],
    buckets: SECONDS,
    registers,
  });
  const queryErrors = new Counter({
    name: 'thecloud_db_query_errors_total',
    help: 'Database queries that failed',
    labelNames: ['query'],
    registers,
  });
  const passes = new Histogram({
    name: 'thecloud_reconcile_pass_duration_seconds',
    help: 'Reconcile passes',
    labelNames: ['kind', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const requests = new Counter({
    name: 'thecloud_http_requests_total',
    help: 'HTTP requests',
    labelNames: ['method', 'path', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'thecloud_http_request_duration_seconds',
    help: 'HTTP requests',
    labelNames: ['method', 'path'],
    buckets: SECONDS,
    registers,
  });
  const auth = new Counter({
    name: 'thecloud_auth_attempts_total',
    help: 'Authentications by result',
    labelNames: ['result'],
    registers,
  });
  const audited = new Counter({
    name: 'thecloud_audit_rows_total',
    help: 'Rows written to the audit trail, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  const dropped = new Counter({
    name: 'thecloud_audit_refusals_dropped_total',
    help: 'Refused attempts beyond the rate that is audited',
    registers,
  });
  const mails = new Counter({
    name: 'thecloud_mails_total',
    help: 'Mails by outcome; delayed counts each try after which another follows',
    labelNames: ['outcome'],
    registers,
  });
  return {
    prometheus,
    operation: (operation, outcome, ms) => operations.observe({ operation, outcome }, ms / 1000),
    query: (query, ms, failed) => {
      queries.observe({ query }, ms / 1000);
      if (failed) queryErrors.inc({ query });
    },
    pass: (kind, outcome, ms) => passes.observe({ kind, outcome }, ms / 1000),
    request: (method, path, status, ms) => {
      requests.inc({ method, path, status: String(status) });
      durations.observe({ method, path }, ms / 1000);
    },
    authAttempt: (result) => auth.inc({ result }),
    audited: (outcome) => audited.inc({ outcome }),
    refusalDropped: () => dropped.inc(),
    mail: (outcome) => mails.inc({ outcome }),
    counter: (name, help) => {
      const counter = new Counter({ name, help, registers });
      return () => counter.inc();
    },
    counters: (name, help, label) => {
      const counter = new Counter({ name, help, labelNames: [label], registers });
      return (value, by = 1) => counter.inc({ [label]: value }, by);
    },
    histogram: (name, help) => {
      const histogram = new Histogram({ name, help, buckets: SECONDS, registers });
      return (ms) => histogram.observe(ms / 1000);
    },
    gauge: (name, help, read) => {
      new Gauge({
        name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    },
    gauges: (name, help, labels, read) => {
      new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers,
        async collect() {
          this.reset();
          for (const row of await read()) this.set(row.labels, row.value);
        },
      });
    },
  };
}
