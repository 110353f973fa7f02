import type { Sql } from '../../kernel/sql/tx.ts';
import { type Caller, isOperator } from '../../kernel/caller.ts';
import { engineUnavailable, insufficientCapacity } from './errors.ts';

/** Size of a machine, and its host: that of its network, or null for any host. */
export interface WantedPlace {
  readonly hostId: string | null;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly diskGb: number;
}

type Resource = 'vcpus' | 'memory_mb' | 'disk_gb';

/** Result of `pick_host` (migration 009). */
interface PickedRow {
  readonly host_id: string | null;
  readonly code: 'ok' | 'capacity' | 'unavailable';
  readonly resource: Resource | null;
  readonly host_name: string | null;
  readonly host_state: string | null;
  readonly reason: string | null;
}

const NOUNS: Readonly<Record<Resource, string>> = { vcpus: 'CPU', memory_mb: 'memory', disk_gb: 'disk' };

/**
 * Picks a host with enough capacity and locks its row until the end of the transaction. Launches on the same host then wait for each other, so
 * call this last before the insert. A trigger updates the counters when the instance is inserted.
 *
 * Throws INSUFFICIENT_CAPACITY if no host has enough capacity, ENGINE_UNAVAILABLE if no host is up. Only the operator of the platform
 * sees details of hosts.
 */
export async function placeOnHost(
  sql: Sql,
  wanted: WantedPlace,
  caller?: Caller,
): Promise<{ readonly hostId: string }> {
  const [picked] = await sql.query<PickedRow>(
    'hosts.place',
    'select host_id, code, resource, host_name, host_state, reason from pick_host($1, $2, $3, $4)',
    [wanted.hostId, wanted.vcpus, wanted.memoryMb, wanted.diskGb],
  );
  const { host_id: hostId, host_name: name, resource } = picked!;
  if (hostId !== null) return { hostId };
  if (resource !== null) {
    const needed = {
      vcpus: `${wanted.vcpus} vCPU${wanted.vcpus === 1 ? '' : 's'}`,
      memory_mb: `${wanted.memoryMb} MB`,
      disk_gb: `${wanted.diskGb} GB`,
    }[resource];
    throw insufficientCapacity(`not enough ${NOUNS[resource]} is free for this type, which needs ${needed}`);
  }
  if (caller === undefined || !isOperator(caller))
    throw engineUnavailable('no host can run them at the moment; try again, or ask the operator of the platform');
  if (name === null) throw engineUnavailable('no worker has registered a host yet; is the worker running?');
  if (picked!.host_state === 'draining')
    throw engineUnavailable(`the host ${name} is draining; to end that: cloud admin hosts undrain ${name}`);
  throw engineUnavailable(picked!.reason ?? `the host ${name} is ${picked!.host_state}`);
}
