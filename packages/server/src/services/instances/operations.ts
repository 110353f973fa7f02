import Type from 'typebox';
import { byRef, deleteOperation, getOperation, listOperation, ref, settlesAt } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { idsInput, pageInput } from '../../kernel/page.ts';
import { Instance, InstanceType } from './instance.ts';
import { InstanceStats } from './stats.ts';
import { size, TerminalMessage } from './terminal.ts';
import { DEFAULT_TYPE, IMAGES } from './catalogue.ts';
import { ENCODINGS } from './command-words.ts';

const instance = { kind: 'instance', title: 'an instance', path: '/instances', output: Instance } as const;
const target = { kind: 'instance', param: 'id' } as const;
const settles = settlesAt('RUNNING', 'STOPPED', 'ERROR');
// A record's key is held to a pattern and nothing else.
const labels = Type.Record(Type.String({ pattern: '^.{1,128}$' }), Type.String({ maxLength: 256 }), {
  maxProperties: 50,
  additionalProperties: false,
  'x-form': '1 to 128 characters on one line',
});
const vpcRef = { minLength: 1, maxLength: 255 };
/** A program and its arguments: the first word is not empty. */
const words = (maxLength: number, maxItems: number, description: string) => {
  const word = { maxLength, pattern: '^[^\\u0000]*$', 'x-form': 'text without NUL' };
  return Type.Array(Type.String(word), {
    prefixItems: [Type.String({ ...word, minLength: 1 })],
    minItems: 1,
    maxItems,
    description,
  });
};

/** An action on one instance, which answers it as it is then. */
const actOn = <const V extends readonly string[]>(verb: string, summary: string, settled: V) =>
  ({
    summary,
    effect: 'action',
    http: { method: 'POST', path: `/instances/:id/${verb}` },
    input: byRef,
    output: Instance,
    target,
    answers: 'instance',
    settles: settlesAt(...settled),
    cli: { args: ['id'] },
  }) as const;

export const instanceOperations = {
  launch: operation({
    summary: 'Launch an instance',
    description: 'Returns immediately with the status STARTING. ?wait=30 waits up to 30 s for RUNNING or ERROR.',
    effect: 'create',
    http: { method: 'POST', path: '/instances', status: 202 },
    input: Type.Object(
      {
        name: Type.String({
          minLength: 1,
          maxLength: 64,
          pattern: '^[\\p{L}\\p{N}_-]{1,64}$',
          'x-form': 'letters, digits, - and _ only',
          description:
            'Letters, digits, - and _; unique in the tenant. The host name derives from it and is unique in the VPC, so a VPC cannot have both Web and web',
        }),
        image: Type.String({
          minLength: 1,
          maxLength: 256,
          examples: [...IMAGES],
          description: `Image: ${IMAGES.join(' or ')}`,
        }),
        instance_type: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 100,
            default: DEFAULT_TYPE,
            description: `Default ${DEFAULT_TYPE}`,
          }),
        ),
        vpc_id: Type.Optional(
          Type.String({ ...vpcRef, description: 'Id or name of a VPC; without it the instance has no network' }),
        ),
        env: Type.Optional(
          Type.Array(
            Type.String({
              maxLength: 4096,
              pattern: '^[A-Za-z_][A-Za-z0-9_]*=[^\\u0000]*$',
              'x-form': 'KEY=value, where the key is of letters, digits and _ and begins with no digit',
            }),
            {
              maxItems: 100,
              description: 'KEY=value; KEY=@name is the value of a secret at each start, and @@ stands for one @',
            },
          ),
        ),
        cmd: Type.Optional(words(4096, 100, "Runs instead of the image's own first process")),
        labels: Type.Optional(labels),
        metadata: Type.Optional(labels),
      },
      { additionalProperties: false },
    ),
    output: Instance,
    errors: ['NOT_FOUND', 'INSUFFICIENT_CAPACITY', 'ENGINE_UNAVAILABLE'],
    creates: 'instance',
    uses: ['instances', 'vcpus', 'memory_mb', 'storage_gb'],
    answers: 'instance',
    references: { vpc_id: 'vpc', instance_type: 'instance_type' },
    permission: 'instance:launch',
    secrets: ['env', 'cmd'],
    bodyLimit: 1024 * 1024,
    settles,
    cli: {
      args: ['name'],
      rest: 'cmd',
      forms: { env: 'KEY=value' },
      description: 'Returns immediately with the status STARTING; --wait waits for RUNNING or ERROR.',
    },
  }),
  list: listOperation(
    { ...instance, title: 'instances' },
    ['id', 'name', 'status', 'image', 'instance_type', 'private_ip', 'restart_count', 'created_at'],
    {
      input: Type.Object(
        {
          ...pageInput,
          ...idsInput,
          tag: Type.Optional(
            Type.Array(Type.String({ minLength: 1, maxLength: 400 }), {
              maxItems: 10,
              description: 'Only instances with this label: key or key:value',
            }),
          ),
          vpc_id: Type.Optional(Type.String({ ...vpcRef, description: 'Only instances in this VPC: id or name' })),
        },
        { additionalProperties: false },
      ),
      references: { vpc_id: 'vpc' },
      errors: ['NOT_FOUND'],
    },
  ),
  get: getOperation(instance, { settles }),
  stop: {
    ...actOn('stop', 'Stop an instance', ['STOPPED', 'ERROR']),
    description: 'Shuts it down cleanly within 10 s, otherwise by force. The disk is kept.',
  },
  start: actOn('start', 'Start a stopped instance', ['RUNNING', 'ERROR']),
  reboot: { ...actOn('reboot', 'Reboot an instance', ['RUNNING', 'ERROR']), errors: ['INSTANCE_NOT_RUNNING'] },
  delete: deleteOperation(instance, {
    description: 'Stops it by force and removes it with its disk. It shows the status DELETING until it is gone.',
    permission: 'instance:terminate',
    audit: 'instance.terminate',
    event: 'INSTANCE_TERMINATE',
  }),
  logs: operation({
    summary: 'Read the console log of an instance',
    permission: 'log:read',
    description:
      'Returns the last 128 KiB of output of the first process. With follow, sends new output as it is written, across stops and starts, until the instance is deleted.',
    effect: 'read',
    http: { method: 'GET', path: '/instances/:id/logs' },
    input: Type.Object(
      { id: ref, follow: Type.Optional(Type.Boolean({ description: 'Keep sending new output' })) },
      { additionalProperties: false },
    ),
    output: Type.String(),
    target,
    live: true,
    answer: 'stream',
    errors: ['CONFLICT', 'ENGINE_UNAVAILABLE', 'TIMEOUT'],
    cli: { args: ['id'] },
    console: 'custom',
  }),
  stats: operation({
    summary: 'Show what an instance uses',
    description:
      'CPU, memory, disk, processes and network at one moment. The counters are cumulative: the difference of two readings is a rate. Readings within 500 ms are one.',
    effect: 'read',
    http: { method: 'GET', path: '/instances/:id/stats' },
    input: byRef,
    output: InstanceStats,
    target,
    live: true,
    console: 'custom',
    errors: ['CONFLICT', 'INSTANCE_NOT_RUNNING', 'ENGINE_UNAVAILABLE', 'TIMEOUT'],
    cli: { args: ['id'] },
  }),
  exec: operation({
    summary: 'Run a command in an instance',
    description:
      'At the timeout, or when the client closes the connection, the platform kills the command with all the processes that it started.',
    effect: 'action',
    http: { method: 'POST', path: '/instances/:id/exec' },
    input: Type.Object(
      {
        id: ref,
        command: words(131_071, 200, 'Program and arguments, each at most 131,071 bytes; no shell interprets them'),
        stdin: Type.Optional(
          Type.String({
            maxLength: 1_333_336,
            description: 'Standard input, at most 1,000,000 bytes; use base64 for bytes that are not text',
          }),
        ),
        stdin_encoding: Type.Optional(
          Type.Enum([...ENCODINGS], {
            type: 'string',
            default: 'utf-8',
            description: 'Encoding of stdin: utf-8 (default) or base64',
          }),
        ),
        timeout: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 300,
            default: 60,
            description: 'Timeout in seconds, after which the command is killed; default 60',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Type.Object(
      {
        exit_code: Type.Integer(),
        stdout: Type.String(),
        stderr: Type.String(),
        encoding: Type.Enum([...ENCODINGS], {
          type: 'string',
          description: 'Encoding of stdout and stderr: utf-8, or base64 if one of them is not valid UTF-8',
        }),
        truncated: Type.Boolean({
          description:
            'Whether an output exceeded 1 MiB, so that the rest was dropped. The websocket of /terminal has no limit',
        }),
        timed_out: Type.Boolean(),
      },
      { $id: 'ExecResult' },
    ),
    target,
    live: true,
    bodyLimit: 2 * 1024 * 1024,
    secrets: ['command', 'stdin'],
    errors: ['INSTANCE_NOT_RUNNING', 'ENGINE_UNAVAILABLE', 'TIMEOUT'],
    cli: { custom: true, rest: 'command' },
    console: 'custom',
  }),
  terminal: operation({
    summary: 'Open a terminal in an instance',
    description:
      'Opens a websocket that runs a command. Binary messages start with one byte that names the stream: 0 stdin, 1 stdout, 2 stderr. Text messages are JSON. The client sends {"type":"resize","rows":24,"cols":80}, {"type":"signal","name":"TERM"}, {"type":"eof"}, {"type":"close","stream":"stdout"} when it stops reading an output, and, if the query has no command, {"type":"command","command":["ls","-l"]} as its first message. The server sends {"type":"exit","code":0} when the command has ended, and {"type":"error","code":"…","message":"…"} when the session ends for another reason; the close code is then 4000 plus the HTTP status. When the connection ends first, the command is killed with all the processes that it started. Browsers cannot set headers: they offer the subprotocols thecloud.v1, thecloud.key.<API key> and, if needed, thecloud.tenant.<id>.',
    effect: 'action',
    http: { method: 'GET', path: '/instances/:id/terminal', status: 101 },
    input: Type.Object(
      {
        id: ref,
        command: Type.Optional(
          words(
            4096,
            100,
            'Program and arguments; no shell interprets them. Without it, the first message contains the command, up to 256 KiB',
          ),
        ),
        tty: Type.Optional(
          Type.Boolean({
            default: true,
            description: 'Default true. Without a terminal, stdout and stderr are separate and stdin can end',
          }),
        ),
        rows: Type.Optional(Type.Integer({ ...size.rows, default: 24, description: 'Default 24' })),
        cols: Type.Optional(Type.Integer({ ...size.cols, default: 80, description: 'Default 80' })),
        term: Type.Optional(
          Type.String({
            maxLength: 64,
            pattern: '^[A-Za-z0-9._+-]{1,64}$',
            'x-form': 'the name of a terminal, such as xterm-256color',
            default: 'xterm-256color',
            description: 'Default xterm-256color',
          }),
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
    console: 'custom',
  }),
};

export const instanceTypeOperations = {
  list: listOperation(
    { kind: 'instance_type', title: 'instance types', path: '/instance-types', output: InstanceType },
    ['id', 'vcpus', 'memory_mb', 'disk_gb', 'network_mbps', 'price_per_hour', 'category'],
    { permission: 'instance:read' },
  ),
};
