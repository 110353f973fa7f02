/**
 * `node bench/run.ts [--write] [case …]`: CPU time a request against bare node:http and Fastify, a 100 kB EC2 answer, chunked
 * uploads with each checksum, load time and memory a service. CPU time and ratios hold on a shared machine; requests a
 * second would not. `--write` replaces bench/RESULTS.md.
 */
import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus } from 'node:os';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { openBody } from '../src/body.ts';
import { loadModel, MODEL_IDS } from '../src/index.ts';
import { query } from '../src/protocol/query.ts';
import { CHECKSUMS, createChecksum } from '../src/s3/checksums.ts';
import { SignatureVerifier, sha256Hex } from '../src/sigv4/verify.ts';
import { KEY } from '../test/support/harness.ts';
import { sign } from '../test/support/sign.ts';
import { CASES, wireBytes } from './requests.ts';
import { type Upload, UPLOAD_BYTES, UPLOADS, upload } from './uploads.ts';

const CONNECTIONS = 32;
const REQUESTS = 2000;
const ROUNDS = 15;
const UPLOAD_ROUNDS = 7;
/** Cases named on the command line run alone, and nothing else does. */
const only = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const lines: string[] = [];
const print = (line = ''): void => {
  lines.push(line);
  console.log(line);
};

/** Sends the same request over and over on keep-alive connections; gives the first answer's status. */
function load(port: number, bytes: Buffer, count: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let left = count;
    let done = 0;
    let status = 0;
    for (let i = 0; i < CONNECTIONS; i++) {
      const socket = connect(port, '127.0.0.1');
      let seen = '';
      socket.setNoDelay(true);
      socket.on('error', reject);
      const next = (): void => {
        if (left-- > 0) socket.write(bytes);
        else socket.end();
      };
      socket.on('connect', next);
      socket.on('data', (part: Buffer) => {
        seen += part.toString('latin1');
        const head = seen.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(seen)?.[1] ?? 0);
        if (seen.length < head + 4 + length) return;
        status ||= Number(seen.slice(9, 12));
        seen = '';
        if (++done === count) resolve(status);
        next();
      });
    }
  });
}

interface Subject {
  readonly name: string;
  /** Runs requests; gives the microseconds of CPU that the server's process took for one. */
  run(count: number): Promise<number>;
  stop(): void;
}

/** A server in a separate process, and the microseconds of CPU that the process took while `work` was done. */
async function forkServer(variant: string, auth: string) {
  const child = fork(fileURLToPath(new URL('./server.ts', import.meta.url)), [variant, auth]);
  const answer = <T>(): Promise<T> =>
    new Promise((resolve) => child.once('message', (message) => resolve(message as T)));
  const { port } = await answer<{ port: number }>();
  const cpu = async (): Promise<number> => {
    const reply = answer<{ cpu: NodeJS.CpuUsage }>();
    child.send('cpu');
    const { user, system } = (await reply).cpu;
    return user + system;
  };
  return {
    async costOf(work: (port: number) => Promise<unknown>): Promise<number> {
      const before = await cpu();
      await work(port);
      return (await cpu()) - before;
    },
    stop: () => void child.send('stop'),
  };
}

async function startServer(variant: string, auth: 'signed' | 'unsigned'): Promise<Subject> {
  const server = await forkServer(variant, auth);
  const bytes = wireBytes(variant, auth === 'signed');
  return {
    name: NAMES[variant] ?? `${variant}, ${auth === 'signed' ? 'SigV4' : 'unsigned'}`,
    async run(count) {
      const cost = await server.costOf(async (port) => {
        const status = await load(port, bytes, count);
        if (status !== 200) throw new Error(`${variant} ${auth} answered ${status}`);
      });
      return cost / count;
    },
    stop: server.stop,
  };
}

const NAMES: Record<string, string> = {
  bare: 'node:http, body read, nothing parsed',
  json: 'node:http with JSON.parse and stringify',
  fastify: 'Fastify with JSON',
};
const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;

print('# Benchmarks');
print();
print(
  `Node ${process.version}, ${cpus()[0]?.model.trim()}, ${cpus().length} cores shared with other work; client and server on the same cores.`,
);
print();
print('## CPU time of the server a request');
print();
print(
  `SendMessage with two attributes (JSON, query, CBOR), DescribeInstances with filters (EC2), Invoke (rest-json), GetBucketTagging (rest-xml); handlers do nothing. ${CONNECTIONS} connections; user and system time of the server's process. All servers run at once and take turns: ${ROUNDS} rounds of ${REQUESTS} requests each, after one to warm up. A ratio is one to bare node:http in the same round, so that whatever else the machine did is in both.`,
);
print();
print('| server | us min | us median | ratio to bare, median | ratios, least to most |');
print('| --- | --- | --- | --- | --- |');
const subjects: Subject[] = [];
for (const variant of Object.keys(CASES)) {
  if (variant in NAMES) subjects.push(await startServer(variant, 'unsigned'));
  else if (only.length === 0 || only.includes(variant))
    for (const auth of ['unsigned', 'signed'] as const) subjects.push(await startServer(variant, auth));
}
for (const subject of subjects) await subject.run(REQUESTS);
const rounds: number[][] = [];
for (let round = 0; round < ROUNDS; round++) {
  const results: number[] = [];
  for (const subject of subjects) results.push(await subject.run(REQUESTS));
  rounds.push(results);
}
subjects.forEach((subject, i) => {
  subject.stop();
  const times = rounds.map((results) => results[i] as number);
  const ratios = rounds.map((results) => (results[i] as number) / (results[0] as number));
  print(
    `| ${subject.name} | ${Math.min(...times).toFixed(0)} | ${median(times).toFixed(0)} | ${median(ratios).toFixed(2)} | ${Math.min(...ratios).toFixed(2)}\u2013${Math.max(...ratios).toFixed(2)} |`,
  );
});
if (only.length > 0) process.exit(0);

print();
print('Where it goes: [PROFILE.md](PROFILE.md).');

/** Microseconds of CPU a call, the least of five runs. */
function cpuOf(run: () => unknown, times: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 6; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < times; i++) run();
    const used = process.cpuUsage(before);
    if (round > 0) best = Math.min(best, (used.user + used.system) / times);
  }
  return best;
}

print();
print('## Parts');
print();
print('| part | us CPU, min of 5 |');
print('| --- | --- |');
const instance = (i: number) => ({
  InstanceId: `i-${i}`,
  ImageId: 'ami-0abcdef1234567890',
  InstanceType: 't3.micro',
  LaunchTime: new Date(1_700_000_000_000),
  PrivateIpAddress: `10.0.0.${i}`,
  SubnetId: 'subnet-1',
  VpcId: 'vpc-1',
  Architecture: 'x86_64',
  EbsOptimized: true,
  State: { Code: 16, Name: 'running' },
  Placement: { AvailabilityZone: 'us-east-1a', Tenancy: 'default' },
  Monitoring: { State: 'disabled' },
  Tags: Array.from({ length: 20 }, (_, t) => ({
    Key: `key-${t}`,
    Value: `value <${t}> & more text to carry in the tag`,
  })),
  SecurityGroups: [{ GroupId: 'sg-1', GroupName: 'default' }],
  NetworkInterfaces: Array.from({ length: 2 }, (_, n) => ({
    NetworkInterfaceId: `eni-${n}`,
    MacAddress: '00:00:00:00:00:00',
    PrivateIpAddress: '10.0.0.1',
    Status: 'in-use',
    Groups: [{ GroupId: 'sg-1' }],
  })),
});
const ec2 = loadModel('ec2');
const describe = ec2.operation('DescribeInstances');
const output = {
  Reservations: [{ ReservationId: 'r-1', Instances: Array.from({ length: 37 }, (_, i) => instance(i)) }],
};
const context = { model: ec2, requestId: 'x', limits: {} as never };
const ec2Query = query('ec2Query');
const size = Buffer.byteLength(ec2Query.writeOutput(describe, output, context).body as string);
print(
  `| EC2 DescribeInstances answer, 37 instances, ${(size / 1000).toFixed(0)} kB | ${cpuOf(() => ec2Query.writeOutput(describe, output, context), 100).toFixed(0)} |`,
);
for (const bytes of [400, 256 << 10]) {
  const body = Buffer.alloc(bytes, 'x');
  const request = sign(
    'sqs',
    'POST',
    '/',
    { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
    body,
  );
  const verifier = new SignatureVerifier();
  const verify = (): unknown =>
    verifier.check(
      request,
      verifier.claim(request) as never,
      { secretAccessKey: KEY.secretAccessKey, principal: undefined },
      { bodyHash: () => sha256Hex(body) },
    );
  print(
    `| SigV4 verified, key cached, body of ${bytes >= 1024 ? `${bytes >> 10} kB` : `${bytes} B`} | ${cpuOf(verify, bytes > 1024 ? 500 : 5000).toFixed(1)} |`,
  );
  const cold = (): unknown =>
    new SignatureVerifier().check(
      request,
      verifier.claim(request) as never,
      { secretAccessKey: KEY.secretAccessKey, principal: undefined },
      { bodyHash: () => sha256Hex(body) },
    );
  if (bytes < 1024) print(`| the same, key not cached | ${cpuOf(cold, 3000).toFixed(1)} |`);
}

print();
print('## Chunked uploads');
print();
print('64 kB chunks through the decoder and the checksum, in process; MiB a CPU-second, best of 3.');
print();
print('| body | MiB/s |');
print('| --- | --- |');
async function decode(checksum: string | undefined, total: number): Promise<number> {
  let best = 0;
  const chunk = Buffer.alloc(64 << 10, 'a');
  const framed = Buffer.concat([Buffer.from('10000\r\n'), chunk, Buffer.from('\r\n')]);
  const count = total / chunk.length;
  const name = CHECKSUMS.find((c) => c === checksum);
  const sum = name ? createChecksum(name) : undefined;
  for (let i = 0; sum && i < count; i++) sum.update(chunk);
  const trailer = sum ? `x-amz-checksum-${name}:${sum.digest()}\r\n` : '';
  for (let round = 0; round < 3; round++) {
    async function* pieces() {
      for (let i = 0; i < count; i++) yield framed;
      yield Buffer.from(`0\r\n${trailer}\r\n`);
    }
    const headers = {
      'content-encoding': 'aws-chunked',
      'x-amz-decoded-content-length': String(total),
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      ...(name ? { 'x-amz-trailer': `x-amz-checksum-${name}` } : {}),
    };
    const before = process.cpuUsage();
    const { stream } = openBody(
      { method: 'PUT', url: '/', headers, body: Readable.from(pieces(), { objectMode: false }) },
      undefined,
    );
    for await (const _part of stream);
    const used = process.cpuUsage(before);
    best = Math.max(best, total / (1 << 20) / ((used.user + used.system) / 1e6));
  }
  return best;
}
print(`| no checksum | ${(await decode(undefined, 128 << 20)).toFixed(0)} |`);
for (const name of CHECKSUMS) print(`| ${name} | ${(await decode(name, 128 << 20)).toFixed(0)} |`);

print();
print('## Uploads over a socket');
print();
print(
  `CPU seconds of the server's process for a GiB, in ${UPLOAD_ROUNDS} rounds in turns of ${UPLOAD_BYTES >> 20} MiB each after one to warm up; the handler reads the body away.`,
);
print();
print('| upload | CPU-s min | CPU-s median |');
print('| --- | --- | --- |');
const sink = await forkServer('sink', 'signed');
const store = await forkServer('restXml', 'signed');
const kinds = Object.keys(UPLOADS) as Upload[];
const costs = kinds.map((): number[] => []);
for (let round = 0; round <= UPLOAD_ROUNDS; round++) {
  for (const [i, kind] of kinds.entries()) {
    const cost = await (kind === 'sink' ? sink : store).costOf((port) => upload(port, kind));
    if (round > 0) costs[i]?.push((cost / 1e6) * ((1 << 30) / UPLOAD_BYTES));
  }
}
sink.stop();
store.stop();
kinds.forEach((kind, i) => {
  const seconds = costs[i] as number[];
  print(`| ${UPLOADS[kind]} | ${Math.min(...seconds).toFixed(2)} | ${median(seconds).toFixed(2)} |`);
});

print();
print('## Load time and memory a service');
print();
print('One process for each: CPU time to load the model and link all its operations, growth of the resident set.');
print();
print('| service | operations | ms CPU | MiB |');
print('| --- | --- | --- | --- |');
const probe = fileURLToPath(new URL('./load-probe.ts', import.meta.url));
for (const id of [...MODEL_IDS, 'all']) {
  const child = fork(probe, [id]);
  const { ms, mib, operations } = await new Promise<{ ms: number; mib: number; operations: number }>((resolve) =>
    child.once('message', (m) => resolve(m as never)),
  );
  print(`| ${id} | ${operations} | ${ms.toFixed(0)} | ${mib.toFixed(1)} |`);
}
if (process.argv.includes('--write')) writeFileSync(new URL('./RESULTS.md', import.meta.url), `${lines.join('\n')}\n`);
process.exit(0);
