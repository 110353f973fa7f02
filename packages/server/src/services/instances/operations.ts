import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { Instance, InstanceType } from './instance.ts';
import { size, TerminalMessage } from './terminal.ts';

const ref = Type.String({ minLength: 1, maxLength: 255, description: 'Id or name' });
const target = { kind: 'instance', param: 'id' } as const;
const settles = { field: 'status', values: ['RUNNING', 'STOPPED', 'ERROR'] } as const;
// A record's key is held to a pattern and nothing else.
const labels = Type.Record(Type.String({ pattern: '^.{1,128}$' }), Type.String({ maxLength: 256 }), {
  maxProperties: 50,
  additionalProperties: false,
});
const vpcRef = { minLength: 1, maxLength: 255 };
/** A program and its arguments: the first word is not empty. */
const words = (maxLength: number, maxItems: number, description: string) => {
  const word = { maxLength, pattern: '^[^\\u0000]*$' };
  return Type.Array(Type.String(word), {
    prefixItems: [Type.String({ ...word, minLength: 1 })],
    minItems: 1,
    maxItems,
    description,
  });
};
const byId = Type.Object({ id: ref }, { additionalProperties: false });

export const instanceOperations = {
  launch: operation({
    summary: 'Launch an instance',
    description: 'Answers at once with the status STARTING; ?wait=30 holds the answer until it runs or has failed.',
    effect: 'create',
    http: { method: 'POST', path: '/instances', status: 202 },
    input: Type.Object(
      {
        name: Type.String({
          minLength: 1,
          maxLength: 64,
          pattern: '^[\\p{L}\\p{N}_-]{1,64}$',
          description:
            'Letters, digits, - and _; unique in the tenant. Its host name and its name in the VPC follow from it',
        }),
        image: Type.String({
          minLength: 1,
          maxLength: 256,
          description: 'A name of the catalogue: busybox, debian/12',
        }),
        instance_type: Type.Optional(Type.String({ maxLength: 100, description: 'Default basic-2' })),
        vpc_id: Type.Optional(
          Type.String({ ...vpcRef, description: 'Id or name; without it the instance has no network' }),
        ),
        env: Type.Optional(
          Type.Array(Type.String({ maxLength: 4096, pattern: '^[A-Za-z_][A-Za-z0-9_]*=[^\\u0000]*$' }), {
            maxItems: 100,
            description: 'KEY=value',
          }),
        ),
        cmd: Type.Optional(words(4096, 100, "Runs in place of the image's own first process")),
        labels: Type.Optional(labels),
        metadata: Type.Optional(labels),
      },
      { additionalProperties: false },
    ),
    output: Instance,
    errors: ['NOT_FOUND', 'INSUFFICIENT_CAPACITY', 'ENGINE_UNAVAILABLE'],
    permission: 'instance:launch',
    secrets: ['env', 'cmd'],
    settles,
    cli: { args: ['name'] },
  }),
  list: operation({
    summary: 'List instances',
    effect: 'list',
    http: { method: 'GET', path: '/instances' },
    input: Type.Object(
      {
        ...pageInput,
        tag: Type.Optional(
          Type.Array(Type.String({ maxLength: 400 }), {
            maxItems: 10,
            description: 'Only those with the label: key or key:value',
          }),
        ),
        vpc_id: Type.Optional(Type.String({ ...vpcRef, description: 'Only those in this VPC: its id or name' })),
      },
      { additionalProperties: false },
    ),
    output: Instance,
    errors: ['NOT_FOUND'],
    cli: { columns: ['id', 'name', 'status', 'image', 'instance_type', 'private_ip', 'created_at'] },
  }),
  get: operation({
    summary: 'Get an instance',
    effect: 'read',
    http: { method: 'GET', path: '/instances/:id' },
    input: byId,
    output: Instance,
    target,
    settles,
    cli: { args: ['id'] },
  }),
  stop: operation({
    summary: 'Stop an instance',
    description: 'Cleanly within ten seconds, then by force. Its disk stays.',
    effect: 'action',
    http: { method: 'POST', path: '/instances/:id/stop' },
    input: byId,
    output: Instance,
    target,
    settles: { field: 'status', values: ['STOPPED', 'ERROR'] },
    cli: { args: ['id'] },
  }),
  start: operation({
    summary: 'Start a stopped instance',
    effect: 'action',
    http: { method: 'POST', path: '/instances/:id/start' },
    input: byId,
    output: Instance,
    target,
    settles: { field: 'status', values: ['RUNNING', 'ERROR'] },
    cli: { args: ['id'] },
  }),
  reboot: operation({
    summary: 'Reboot an instance',
    effect: 'action',
    http: { method: 'POST', path: '/instances/:id/reboot' },
    input: byId,
    output: Instance,
    target,
    settles: { field: 'status', values: ['RUNNING', 'ERROR'] },
    cli: { args: ['id'] },
    errors: ['INSTANCE_NOT_RUNNING'],
  }),
  delete: operation({
    summary: 'Delete an instance',
    description: 'It is stopped by force and removed with its disk.',
    effect: 'delete',
    http: { method: 'DELETE', path: '/instances/:id' },
    input: byId,
    output: Type.Object({ message: Type.String() }),
    target,
    permission: 'instance:terminate',
    audit: 'instance.terminate',
    event: 'INSTANCE_TERMINATE',
    cli: { args: ['id'] },
  }),
  logs: operation({
    summary: 'Read the console log of an instance',
    description:
      'The newest 128 KiB of what its first process wrote. With follow, what it writes next is sent as it comes, across stops and starts, until the instance is deleted.',
    effect: 'read',
    http: { method: 'GET', path: '/instances/:id/logs' },
    input: Type.Object(
      { id: ref, follow: Type.Optional(Type.Boolean({ description: 'Keep sending what it writes' })) },
      { additionalProperties: false },
    ),
    output: Type.String(),
    target,
    live: true,
    answer: 'stream',
    errors: ['CONFLICT', 'ENGINE_UNAVAILABLE', 'TIMEOUT'],
    cli: { args: ['id'] },
  }),
  exec: operation({
    summary: 'Run a command in an instance',
    effect: 'action',
    http: { method: 'POST', path: '/instances/:id/exec' },
    input: Type.Object(
      {
        id: ref,
        command: words(131_072, 200, 'Program and arguments; no shell is in between'),
        stdin: Type.Optional(Type.String({ maxLength: 1_000_000 })),
        timeout: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 300, description: 'Seconds, default 60; then it is killed' }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Type.Object(
      {
        exit_code: Type.Integer(),
        stdout: Type.String(),
        stderr: Type.String(),
        truncated: Type.Boolean({ description: 'More than 1 MiB came, and the rest was dropped' }),
        timed_out: Type.Boolean(),
      },
      { $id: 'ExecResult' },
    ),
    target,
    live: true,
    secrets: ['command', 'stdin'],
    errors: ['INSTANCE_NOT_RUNNING', 'ENGINE_UNAVAILABLE', 'TIMEOUT'],
    cli: 'custom',
  }),
  terminal: operation({
    summary: 'Open a terminal in an instance',
    description:
      'Opens a websocket that runs a command. Binary messages start with one byte that names the stream: 0 stdin, 1 stdout, 2 stderr. Text messages are JSON. The client sends {"type":"resize","rows":24,"cols":80}, {"type":"signal","name":"TERM"} or {"type":"eof"}. The server sends {"type":"exit","code":0} when the command has ended, and {"type":"error","code":"…","message":"…"} when the session ends for another reason; the close code is then 4000 plus the HTTP status. Browsers cannot set headers: they offer the subprotocols thecloud.v1, thecloud.key.<API key> and, if needed, thecloud.tenant.<id>.',
    effect: 'action',
    http: { method: 'GET', path: '/instances/:id/terminal', status: 101 },
    input: Type.Object(
      {
        id: ref,
        command: words(4096, 100, 'Program and arguments; no shell is in between'),
        tty: Type.Optional(
          Type.Boolean({
            description: 'Default true. Without a terminal, stdout and stderr are separate and stdin can end',
          }),
        ),
        rows: Type.Optional(Type.Integer({ ...size.rows, description: 'Default 24' })),
        cols: Type.Optional(Type.Integer({ ...size.cols, description: 'Default 80' })),
        term: Type.Optional(
          Type.String({ maxLength: 64, pattern: '^[A-Za-z0-9._+-]{1,64}$', description: 'Default xterm-256color' }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Type.Null(),
    messages: TerminalMessage,
    target,
    live: true,
    answer: 'socket',
    secrets: ['command'],
    errors: ['INSTANCE_NOT_RUNNING', 'ENGINE_UNAVAILABLE', 'TIMEOUT'],
    cli: 'custom',
  }),
};

export const instanceTypeOperations = {
  list: operation({
    summary: 'List instance types',
    effect: 'list',
    http: { method: 'GET', path: '/instance-types' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: InstanceType,
    permission: 'instance:read',
    cli: { columns: ['id', 'vcpus', 'memory_mb', 'disk_gb', 'network_mbps', 'price_per_hour', 'category'] },
  }),
};
