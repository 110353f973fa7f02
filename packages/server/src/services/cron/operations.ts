import Type from 'typebox';
import { byRef, deleteOperation, getOperation, listOperation, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { CronJob } from './job.ts';
import { CronRun } from './run.ts';

const job = { kind: 'cron_job', title: 'a cron job', path: '/cron/jobs', output: CronJob } as const;
const target = { kind: 'cron_job', param: 'id' } as const;

const schedule = Type.String({
  minLength: 1,
  maxLength: 100,
  description:
    'Five fields (minute, hour, day of the month, month, day of the week), @daily and the like, or cron(…), rate(…) or at(…) as in EventBridge',
  examples: ['0 8 * * mon-fri', '@daily', 'cron(0 9 L * ? *)', 'rate(5 minutes)', 'at(2027-01-31T08:00:00)'],
});
const timezone = Type.Optional(
  Type.String({ minLength: 1, maxLength: 50, description: 'Such as Europe/Berlin; default UTC' }),
);
const rest = {
  timezone,
  target_url: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 2_048,
      description:
        'In place of a queue: a URL that is called, with http or https and the port 80, 443, or one from 1024 on',
      examples: ['https://example.com/hook'],
    }),
  ),
  target_method: Type.Optional(
    Type.Enum(['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD'], { description: 'Of the call; default POST' }),
  ),
  target_headers: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 8_192 }), {
      maxItems: 20,
      description:
        'Headers of the call, such as "authorization: Bearer …"; they replace all there are, and are not shown again',
    }),
  ),
  overlap: Type.Optional(
    Type.Enum(['allow', 'skip'], {
      description: 'What becomes of a tick while a call of one before it is under way; default allow, up to ten',
    }),
  ),
  starts_at: Type.Optional(
    Type.String({ format: 'date-time', description: 'No run comes before it, and a rate counts from it' }),
  ),
  ends_at: Type.Optional(Type.String({ format: 'date-time', description: 'No run comes after it' })),
  window_minutes: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1_440,
      description: 'A run comes at a random time within so many minutes of its tick; default 0',
    }),
  ),
  target_payload: Type.Optional(
    Type.String({ maxLength: 65_536, minLength: 1, description: 'The body of the message or the call; default {}' }),
  ),
  missed: Type.Optional(
    Type.Enum(['skip', 'once', 'all'], {
      description:
        'What becomes of runs that the platform missed by more than a minute: none, one for all, or each, up to 100; default once',
    }),
  ),
};
const queue = Type.String({
  minLength: 1,
  maxLength: 255,
  description: 'Id or name of the queue that gets the message',
});

const count = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'How many; default 10' }),
);
const CronTimes = Type.Object(
  { times: Type.Array(Type.String({ format: 'date-time' }), { description: 'The first is the next one' }) },
  { $id: 'CronTimes' },
);

const FLAGS = {
  target_queue_id: 'queue',
  target_url: 'url',
  target_method: 'method',
  target_headers: 'header',
  target_payload: 'payload',
};
const FORMS = { target_headers: 'NAME: VALUE' };

export const cronOperations = {
  create: operation({
    summary: 'Create a cron job',
    description: 'With one target: a queue, which needs the permission queue:write too, or a URL.',
    effect: 'create',
    http: { method: 'POST', path: '/cron/jobs' },
    input: Type.Object(
      {
        name: Type.String({
          pattern: '^[\\w][\\w.-]{0,63}$',
          'x-form': '1 to 64 letters, digits, dots, hyphens and underscores, the first one no dot or hyphen',
        }),
        schedule,
        target_queue_id: Type.Optional(queue),
        ...rest,
      },
      { additionalProperties: false },
    ),
    output: CronJob,
    creates: 'cron_job',
    answers: 'cron_job',
    references: { target_queue_id: 'queue' },
    uses: ['cron_jobs'],
    errors: ['NOT_FOUND'],
    bodyLimit: 100_000,
    audit: 'cron.job_create',
    event: 'CRON_JOB_CREATED',
    cli: { args: ['name', 'schedule'], flags: FLAGS, forms: FORMS },
  }),
  list: listOperation({ ...job, title: 'cron jobs' }, ['id', 'name', 'status', 'schedule', 'timezone', 'next_run_at']),
  get: getOperation(job),
  update: operation({
    summary: 'Change a cron job',
    description: 'A new schedule counts from now on. A job that sends to a queue needs the permission queue:write too.',
    effect: 'update',
    http: { method: 'PUT', path: '/cron/jobs/:id' },
    input: Type.Object(
      { id: ref, schedule: Type.Optional(schedule), target_queue_id: Type.Optional(queue), ...rest },
      { additionalProperties: false },
    ),
    output: CronJob,
    target,
    answers: 'cron_job',
    references: { target_queue_id: 'queue' },
    bodyLimit: 100_000,
    audit: 'cron.job_update',
    cli: { args: ['id'], flags: FLAGS, forms: FORMS },
  }),
  delete: deleteOperation(job, { description: 'Its runs go with it.', audit: 'cron.job_delete' }),
  pause: operation({
    summary: 'Pause a cron job',
    effect: 'action',
    http: { method: 'POST', path: '/cron/jobs/:id/pause' },
    input: byRef,
    output: CronJob,
    target,
    answers: 'cron_job',
    cli: { args: ['id'] },
  }),
  resume: operation({
    summary: 'Resume a cron job',
    description:
      'What it missed while it was paused is not made up for. A job that sends to a queue needs the permission queue:write too.',
    effect: 'action',
    http: { method: 'POST', path: '/cron/jobs/:id/resume' },
    input: byRef,
    output: CronJob,
    target,
    answers: 'cron_job',
    cli: { args: ['id'] },
  }),
  run: operation({
    summary: 'Run a cron job now',
    description:
      'Also one that is paused; its schedule stays as it is. A job that sends to a queue needs the permission queue:write too.',
    effect: 'action',
    http: { method: 'POST', path: '/cron/jobs/:id/run' },
    input: byRef,
    output: CronRun,
    target,
    cli: { args: ['id'] },
  }),
  runs: operation({
    summary: 'List the runs of a cron job',
    description: 'The newest first. Runs are kept for seven days.',
    effect: 'list',
    http: { method: 'GET', path: '/cron/jobs/:id/runs' },
    input: Type.Object({ id: ref, ...pageInput }, { additionalProperties: false }),
    output: CronRun,
    target,
    console: 'custom',
    cli: { args: ['id'], columns: ['status', 'scheduled_at', 'started_at', 'attempts', 'output', 'error'] },
  }),
  next: operation({
    summary: 'Show when a cron job runs next',
    description: 'By its schedule, also while it is paused.',
    effect: 'read',
    http: { method: 'GET', path: '/cron/jobs/:id/next' },
    input: Type.Object({ id: ref, count }, { additionalProperties: false }),
    output: CronTimes,
    target,
    console: 'custom',
    cli: { args: ['id'] },
  }),
  preview: operation({
    summary: 'Show when a schedule would run',
    effect: 'read',
    http: { method: 'GET', path: '/cron/next' },
    input: Type.Object({ schedule, timezone, count }, { additionalProperties: false }),
    output: CronTimes,
    console: 'custom',
    cli: { args: ['schedule'] },
  }),
} as const;
