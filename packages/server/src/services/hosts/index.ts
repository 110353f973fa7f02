import { conflict, invalidInput } from '../../kernel/errors.ts';
import { type Handlers, type Kind, service } from '../../kernel/service.ts';
import { PLACEMENT_ERRORS } from './errors.ts';
import { hostExamples } from './examples.ts';
import { type HostRow, presentHost } from './host.ts';
import { findHost, listHosts, setCapacity, setDraining } from './host-repository.pg.ts';
import { hostOperations } from './operations.ts';
import { createHostWorker, type HostDeps } from './report-host.ts';

export { findWorkingHost } from './host-repository.pg.ts';
export { placeOnHost } from './place.ts';
export { type HostDeps, reportHost } from './report-host.ts';

const host: Kind<HostRow> = {
  noun: 'host',
  find: (sql, { ref, lock }) => findHost(sql, ref, lock),
  id: (row) => row.id,
  name: (row) => row.name,
  present: presentHost,
  list: (sql, _whose, page) => listHosts(sql, page),
};

const handlers: Handlers<typeof hostOperations, { host: HostRow }> = {
  async drain({ sql, target, now }) {
    if (target.draining_since)
      throw conflict(`the host '${target.name}' has been draining since ${target.draining_since.toISOString()}`);
    await setDraining(sql, target.id, now);
    return { ...target, draining_since: now };
  },

  async undrain({ sql, target }) {
    if (!target.draining_since) throw conflict(`the host '${target.name}' is not draining`);
    await setDraining(sql, target.id, null);
    return { ...target, draining_since: null };
  },

  async update({ sql, target, input, unchanged }) {
    const { id: _, overcommit_cpu, overcommit_memory, overcommit_disk, ...limits } = input;
    const wanted = {
      ...limits,
      set_overcommit_cpu: overcommit_cpu,
      set_overcommit_memory: overcommit_memory,
      set_overcommit_disk: overcommit_disk,
    };
    if (Object.values(wanted).every((value) => value === undefined))
      throw invalidInput('nothing to change: pass at least one limit or overcommit');
    if (!(await setCapacity(sql, target.id, wanted))) return unchanged(target);
    return (await findHost(sql, target.id, false))!;
  },

  async resetCapacity({ sql, target, unchanged }) {
    const isChanged = await setCapacity(sql, target.id, {
      limit_vcpus: null,
      limit_memory_mb: null,
      limit_disk_gb: null,
      set_overcommit_cpu: null,
      set_overcommit_memory: null,
      set_overcommit_disk: null,
    });
    if (!isChanged) return unchanged(target);
    return (await findHost(sql, target.id, false))!;
  },
};

/** The machines that run instances: how they are, what they have and what of it is promised. */
export const createHostsService = (deps: { readonly worker?: HostDeps }) =>
  service({
    name: 'hosts',
    resource: 'host',
    title: 'Hosts',
    authority: true,
    operations: hostOperations,
    console: {
      group: 'operator',
      icon: 'hard-drive',
      order: 3,
      summary: 'A host is a machine that runs instances.',
      status: 'state',
      columns: ['name', 'state', 'state_reason', 'capacity', 'promised', 'last_seen_at'],
    },
    handlers,
    kinds: { host },
    errors: PLACEMENT_ERRORS,
    ...(deps.worker ? { worker: createHostWorker(deps.worker) } : {}),
    examples: hostExamples,
  });
