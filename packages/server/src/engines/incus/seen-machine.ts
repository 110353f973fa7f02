import type { SeenMachine } from '../../services/instances/compute-engine.ts';
import type { IncusInstance } from './incus-client.ts';
import { MARKS } from './machine-config.ts';

/** A machine in the platform's words. */
export function toSeen(instance: IncusInstance): SeenMachine {
  const instanceId = instance.config[MARKS.instanceId];
  const tenantId = instance.config[MARKS.tenantId];
  return {
    name: instance.name,
    ...(instanceId === undefined ? {} : { instanceId }),
    ...(tenantId === undefined ? {} : { tenantId }),
    state: stateOf(instance.status),
  };
}

/** What is on its way up is not running yet; what is on its way down still is. */
function stateOf(status: string): SeenMachine['state'] {
  if (status === 'Running' || status === 'Stopping' || status === 'Aborting' || status === 'Ready') return 'running';
  if (status === 'Frozen' || status === 'Freezing') return 'frozen';
  return status === 'Error' ? 'error' : 'stopped';
}
