import { deletes } from '../../kernel/builders.ts';
import { isPermitted } from '../../kernel/caller.ts';
import { conflict, forbidden, invalidInput, notFound } from '../../kernel/errors.ts';
import type { InputOf } from '../../kernel/operation.ts';
import { pageRequest, toPage } from '../../kernel/page.ts';
import { listRows, refuseIdAsName } from '../../kernel/resource.ts';
import { type Call, type Handlers, steps } from '../../kernel/service.ts';
import { placeOnHost } from '../hosts/index.ts';
import { findSecret } from '../secrets/index.ts';
import {
  attachInterface,
  findVpcForInstance,
  findVpcId,
  hostNameOf,
  refuseReservedName,
  releaseHostName,
} from '../vpcs/index.ts';
import { DEFAULT_TYPE } from './catalogue.ts';
import { checkWords, readStdin } from './command-words.ts';
import { instanceNotRunning } from './errors.ts';
import { type InstanceRow, type InstanceTypeRow, INSTANCES, publicStatus } from './instance.ts';
import { createPgInstanceRepository, type InstanceRepository, labelOfTag } from './instance-repository.pg.ts';
import type { ExecSpec, LogsSpec, StatsSpec, TerminalSpec } from './live.ts';
import type { instanceOperations } from './operations.ts';
import { secretsIn } from './variables.ts';

type LaunchInput = InputOf<(typeof instanceOperations)['launch']>;

export interface InstanceDeps {
  /** The name outside of an instance's machine; pure. */
  readonly machineNameOf: (instanceId: string) => string;
  /** The catalogue's images. */
  readonly images: readonly string[];
}

export function createInstanceHandlers(
  deps: InstanceDeps,
): Handlers<typeof instanceOperations, { instance: InstanceRow }> {
  const types = new Map<string, InstanceTypeRow>();
  return {
    launch: steps({
      /** Answers the type. A type is what it is for ever: it is asked for once. */
      async check(call: Call<LaunchInput>) {
        const { input, sql, createdId } = call;
        refuseIdAsName(INSTANCES, input.name);
        refuseReservedName(input.name, hostNameOf(input.name, createdId));
        if (!deps.images.includes(input.image))
          throw invalidInput(
            `image '${input.image}' is not in the catalogue; choose one of: ${deps.images.join(', ')}`,
          );
        await requireSecrets(call, secretsIn(readEnv(input.env ?? [])));
        const id = input.instance_type ?? DEFAULT_TYPE;
        const type = types.get(id) ?? (await findType(createPgInstanceRepository(sql), id));
        types.set(id, type);
        return type;
      },

      async quota({ sql, tenantId, checked: type }) {
        const used = await createPgInstanceRepository(sql).usage(tenantId);
        return [
          { resource: 'instances', used: used.instances, wanted: 1 },
          { resource: 'vcpus', used: used.vcpus, wanted: type.vcpus },
          { resource: 'memory_mb', used: used.memoryMb, wanted: type.memory_mb },
          { resource: 'storage_gb', used: used.diskGb, wanted: type.disk_gb },
        ];
      },

      async run({ input, sql, caller, tenantId, userId, createdId, newId, now, wake, checked: type }) {
        const vpc = input.vpc_id === undefined ? undefined : await findVpcForInstance(sql, tenantId, input.vpc_id);
        if (input.vpc_id !== undefined && !vpc) throw notFound('VPC', input.vpc_id);
        const { hostId } = await placeOnHost(
          sql,
          {
            hostId: vpc?.hostId ?? null,
            vcpus: type.vcpus,
            memoryMb: type.memory_mb,
            diskGb: type.disk_gb,
          },
          caller,
        );
        const hostName = hostNameOf(input.name, createdId);
        const owner = { ownerKind: 'instance', ownerId: createdId, hostId, name: input.name, hostName };
        const nic = vpc && (await attachInterface(sql, { id: newId(), vpc, tenantId, ...owner }));
        const row = await createPgInstanceRepository(sql).insert({
          id: createdId,
          userId,
          tenantId,
          name: input.name,
          image: input.image,
          instanceType: type.id,
          containerId: deps.machineNameOf(createdId),
          vpcId: vpc?.id ?? null,
          privateIp: nic?.address ?? null,
          mac: nic?.mac ?? null,
          hostName,
          hostId,
          env: readEnv(input.env ?? []),
          command: input.cmd ?? null,
          labels: input.labels ?? {},
          metadata: input.metadata ?? {},
          at: now,
        });
        if (!row) throw conflict(`an instance named '${input.name}' already exists; choose another name`);
        wake('instance', row.id, row.host_id);
        if (vpc) wake('vpc', vpc.id, vpc.hostId);
        return row;
      },
    }),

    async list({ sql, tenantId, input }) {
      const page = pageRequest(input);
      const vpcId = input.vpc_id === undefined ? null : await findVpcId(sql, tenantId, input.vpc_id);
      if (vpcId === undefined) throw notFound('VPC', input.vpc_id!);
      const rows = await listRows(sql, INSTANCES, tenantId, page, {
        ids: input.id,
        labels: (input.tag ?? []).map(labelOfTag),
        equal: vpcId === null ? {} : { vpc_id: vpcId },
      });
      return toPage(rows, page.limit, (row) => row.id);
    },

    stop: (call) => setPower(call, 'stopped'),
    start: (call) => setPower(call, 'running'),

    async reboot({ sql, target, now, wake }) {
      if (target.power !== 'running') throw instanceNotRunning(target.name, publicStatus(target));
      const row = await createPgInstanceRepository(sql).requestReboot(target.id, now);
      wake('instance', row.id, row.host_id);
      return row;
    },

    async delete(call) {
      await releaseHostName(call.sql, 'instance', call.target.id);
      return deletes(INSTANCES, 'instance', 'instance')(call);
    },

    async logs(call) {
      const spec: LogsSpec = { follow: call.input.follow ?? false };
      return call.ticket(spec);
    },

    async stats(call) {
      requireRunning(call.target);
      const spec: StatsSpec = { name: call.target.name };
      return call.ticket(spec);
    },

    async exec(call) {
      requireRunning(call.target);
      const { command, stdin, stdin_encoding, timeout } = call.input;
      checkWords('command', command);
      const spec: ExecSpec = {
        command,
        ...(stdin === undefined ? {} : { stdin: readStdin(stdin, stdin_encoding).toString('base64') }),
        timeoutMs: (timeout ?? 60) * 1000,
      };
      return call.ticket(spec);
    },

    async terminal(call) {
      requireRunning(call.target);
      const { command, tty = true, rows = 24, cols = 80, term = 'xterm-256color' } = call.input;
      const spec: TerminalSpec = {
        ...(command === undefined ? {} : { command }),
        term,
        ...(tty ? { size: { rows, cols } } : {}),
      };
      return call.ticket(spec);
    },
  };
}

function requireRunning(row: InstanceRow): void {
  const status = publicStatus(row);
  if (status !== 'RUNNING') throw instanceNotRunning(row.name, status);
}

/** Asking for what is so already changes nothing. */
async function setPower(
  { sql, target, now, wake, unchanged }: Call<unknown, InstanceRow>,
  power: 'running' | 'stopped',
) {
  if (target.power === power && target.status !== 'ERROR') return unchanged(target);
  const row = await createPgInstanceRepository(sql).setPower(target.id, power, now);
  wake('instance', row.id, row.host_id);
  return row;
}

async function findType(repository: InstanceRepository, id: string): Promise<InstanceTypeRow> {
  const type = await repository.findType(id);
  if (type) return type;
  const known = await repository.listTypes({ limit: 50, after: null });
  throw invalidInput(`instance_type '${id}' does not exist; choose one of: ${known.map((row) => row.id).join(', ')}`);
}

/**
 * Who gives secrets to an instance could read them there. Throws FORBIDDEN for a caller who may read none, NOT_FOUND for a secret that there is not.
 */
async function requireSecrets({ caller, sql, tenantId }: Call<LaunchInput>, names: readonly string[]): Promise<void> {
  if (names.length > 0 && caller.kind === 'user' && !isPermitted(caller.permissions, 'secret:read'))
    throw forbidden(
      `env refers to the secret '${names[0]}', and that needs the permission 'secret:read'; write @@ for a value that begins with @`,
    );
  for (const name of names) if (!(await findSecret(sql, tenantId, name))) throw notFound('secret', name);
}

const readEnv = (entries: readonly string[]): Record<string, string> =>
  Object.fromEntries(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
