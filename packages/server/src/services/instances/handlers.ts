import { type Caller, isPermitted } from '../../kernel/caller.ts';
import { conflict, invalidInput, notFound } from '../../kernel/errors.ts';
import { isUuid, sha256Hex } from '../../kernel/ids.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import type { InputOf } from '../../kernel/operation.ts';
import type { Call, Handlers, QuotaUse } from '../../kernel/service.ts';
import { issueTicket } from '../../kernel/ticket.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { findVpcForInstance, findVpcId } from '../vpcs/index.ts';
import { engineUnavailable, instanceNotRunning, insufficientCapacity } from './errors.ts';
import {
  type Instance,
  type InstanceRow,
  type InstanceTypeRow,
  presentInstance,
  presentType,
  publicStatus,
} from './instance.ts';
import type { InstanceRepository } from './instance-repository.ts';
import { createPgInstanceRepository } from './instance-repository.pg.ts';
import type { ExecSpec, LogsSpec, TerminalSpec } from './live.ts';
import type { instanceOperations, instanceTypeOperations } from './operations.ts';

export const DEFAULT_TYPE = 'basic-2';

/** A tenant without a quota of its own (contract, section 8). */
const DEFAULT_QUOTAS = { instances: 10, vcpus: 8, memory_mb: 16_384 };

type LaunchInput = InputOf<(typeof instanceOperations)['launch']>;

export interface InstanceDeps {
  /** The name outside of an instance's machine; pure. */
  readonly machineNameOf: (instanceId: string) => string;
  /** The catalogue's images. */
  readonly images: readonly string[];
}

export const createInstanceHandlers = (
  deps: InstanceDeps,
): Handlers<typeof instanceOperations, { instance: InstanceRow }> => ({
  async launch(call) {
    const { input, sql } = call;
    const repository = createPgInstanceRepository(sql);
    const type = await findType(repository, input.instance_type ?? DEFAULT_TYPE);
    const network =
      input.vpc_id === undefined
        ? undefined
        : await plugIn(sql, repository, call.tenantId, input.vpc_id, call.createdId);
    const placed = await repository.place(network?.hostId ?? null, type);
    if ('refusal' in placed) throw refusalOf(placed.refusal);
    const row = await repository.insert({
      id: call.createdId,
      userId: call.userId,
      tenantId: call.tenantId,
      name: input.name,
      image: input.image,
      instanceType: type.id,
      containerId: deps.machineNameOf(call.createdId),
      vpcId: network?.vpcId ?? null,
      privateIp: network?.address ?? null,
      mac: network?.mac ?? null,
      hostId: placed.hostId,
      env: readEnv(input.env ?? []),
      command: input.cmd ?? null,
      labels: input.labels ?? {},
      metadata: input.metadata ?? {},
      at: call.now,
    });
    if (!row) throw conflict(`an instance named '${input.name}' exists already; choose another name`);
    await call.wake('instance', row.id, row.host_id);
    if (network) await call.wake('vpc', network.vpcId, network.hostId);
    return presentInstance(row);
  },

  async list(call) {
    const page = pageRequest(call.input);
    const { tag, vpc_id: vpcRef } = call.input;
    const vpcId = vpcRef === undefined ? null : await findVpcId(call.sql, call.tenantId, vpcRef);
    if (vpcId === undefined) throw notFound('VPC', vpcRef!);
    const rows = await createPgInstanceRepository(call.sql).list(call.tenantId, { tags: tag ?? [], vpcId }, page);
    return toPage(rows, page.limit, (row) => presentTo(call.caller, row));
  },

  async get(call) {
    return presentTo(call.caller, call.target);
  },

  stop: (call) => setPower(call, 'stopped'),
  start: (call) => setPower(call, 'running'),

  async reboot(call) {
    if (call.target.power !== 'running') throw instanceNotRunning(call.target.name, publicStatus(call.target));
    const row = await createPgInstanceRepository(call.sql).requestReboot(call.target.id, call.now);
    await call.wake('instance', row.id, row.host_id);
    return presentInstance(row);
  },

  async delete(call) {
    await createPgInstanceRepository(call.sql).markDeleted(call.target.id, call.now);
    await call.wake('instance', call.target.id, call.target.host_id);
    return { message: `instance '${call.target.name}' is being deleted` };
  },

  async logs(call) {
    const spec: LogsSpec = { instanceId: call.target.id, follow: call.input.follow ?? false };
    return issueTicket(call, 'instances.logs', spec);
  },

  async exec(call) {
    requireRunning(call.target);
    const { command, stdin, timeout } = call.input;
    const spec: ExecSpec = {
      instanceId: call.target.id,
      command,
      ...(stdin === undefined ? {} : { stdin }),
      timeoutMs: (timeout ?? 60) * 1000,
    };
    return (await issueTicket(call, 'instances.exec', spec)) as never;
  },

  async terminal(call) {
    requireRunning(call.target);
    const { command, tty = true, rows = 24, cols = 80, term = 'xterm-256color' } = call.input;
    const spec: TerminalSpec = {
      instanceId: call.target.id,
      command,
      term,
      ...(tty ? { size: { rows, cols } } : {}),
    };
    return (await issueTicket(call, 'instances.terminal', spec)) as never;
  },
});

function requireRunning(row: InstanceRow): void {
  const status = publicStatus(row);
  if (status !== 'RUNNING') throw instanceNotRunning(row.name, status);
}

/** Environment and command often hold credentials: who may only look does not see them. */
function presentTo(caller: Caller, row: InstanceRow): Instance {
  const shown = presentInstance(row);
  if (caller.kind !== 'user' || isPermitted(caller.permissions, 'instance:update')) return shown;
  const { env: _env, cmd: _cmd, ...rest } = shown;
  return rest;
}

/** Asking for what is so already changes nothing. */
async function setPower(call: Call<unknown, InstanceRow>, power: 'running' | 'stopped') {
  const failed = call.target.status === 'ERROR';
  if (call.target.power === power && !failed) return presentTo(call.caller, call.target);
  const row = await createPgInstanceRepository(call.sql).setPower(call.target.id, power, call.now);
  await call.wake('instance', row.id, row.host_id);
  return presentInstance(row);
}

async function findType(repository: InstanceRepository, id: string): Promise<InstanceTypeRow> {
  const type = await repository.findType(id);
  if (type) return type;
  const known = await repository.listTypes({ limit: 50, after: null });
  throw invalidInput(`instance_type '${id}' does not exist; there are: ${known.map((row) => row.id).join(', ')}`);
}

async function plugIn(sql: Sql, repository: InstanceRepository, tenantId: string, ref: string, instanceId: string) {
  const vpc = await findVpcForInstance(sql, tenantId, ref);
  if (!vpc) throw notFound('VPC', ref);
  const address = await repository.freeAddress(vpc.id, vpc.firstAddress, vpc.lastAddress);
  if (!address) throw conflict(`the VPC '${vpc.name}' has no free address left`);
  return { vpcId: vpc.id, hostId: vpc.hostId, address, mac: macOf(instanceId) };
}

/** A locally administered unicast MAC, the same at every look. */
const macOf = (instanceId: string): string => `02:${sha256Hex(instanceId).slice(0, 10).match(/../g)!.join(':')}`;

function readEnv(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
}

function refusalOf(text: string): Error {
  const detail = text.slice(text.indexOf(':') + 1);
  return text.startsWith('capacity:') ? insufficientCapacity(detail) : engineUnavailable(detail);
}

/** Asked before the handler: what the input has wrong is told first, full or not. */
export const createLaunchQuota =
  (deps: InstanceDeps) =>
  async ({ sql, tenantId, input }: Call<LaunchInput>): Promise<readonly QuotaUse[]> => {
    // Else it would be found by the id of another one, once that one is gone.
    if (isUuid(input.name)) throw invalidInput(`name '${input.name}' has the form of an id; choose another name`);
    if (!deps.images.includes(input.image))
      throw invalidInput(`image '${input.image}' is not in the catalogue; there are: ${deps.images.join(', ')}`);
    const repository = createPgInstanceRepository(sql);
    const type = await findType(repository, input.instance_type ?? DEFAULT_TYPE);
    const used = await repository.usage(tenantId);
    return [
      { resource: 'instances', used: used.instances, wanted: 1, defaultMax: DEFAULT_QUOTAS.instances },
      { resource: 'vcpus', used: used.vcpus, wanted: type.vcpus, defaultMax: DEFAULT_QUOTAS.vcpus },
      { resource: 'memory_mb', used: used.memoryMb, wanted: type.memory_mb, defaultMax: DEFAULT_QUOTAS.memory_mb },
    ];
  };

export const createInstanceTypeHandlers = (): Handlers<typeof instanceTypeOperations> => ({
  async list(call) {
    const page = pageRequest(call.input, (text) => /^[\w.-]{1,100}$/.test(text));
    const rows = await createPgInstanceRepository(call.sql).listTypes(page);
    return toPage(rows, page.limit, presentType);
  },
});
