import { type Kind, service } from '../../kernel/service.ts';
import { listOperation } from '../../kernel/builders.ts';
import { PLACEMENT_ERRORS } from './errors.ts';
import { Host, type HostRow, presentHost } from './host.ts';
import { findHost, listHosts } from './host-repository.pg.ts';
import { createHostWorker, type HostDeps } from './report-host.ts';

export { placeOnHost } from './place.ts';
export { type HostDeps, reportHost } from './report-host.ts';

const host: Kind<HostRow> = {
  noun: 'host',
  find: (sql, { ref }) => findHost(sql, ref),
  id: (row) => row.id,
  name: (row) => row.name,
  present: presentHost,
  list: (sql, _whose, page) => listHosts(sql, page),
};

const hostOperations = {
  list: listOperation(
    { kind: 'host', title: 'hosts', path: '/operator/hosts', output: Host },
    ['id', 'name', 'state', 'state_reason', 'capacity', 'promised', 'last_seen_at'],
    { scope: 'operator' },
  ),
};

/** The machines that run instances: how they are, what they have and what of it is promised. */
export const createHostsService = (deps: { readonly worker?: HostDeps }) =>
  service({
    name: 'hosts',
    resource: 'host',
    title: 'Hosts',
    operations: hostOperations,
    handlers: {},
    kinds: { host },
    errors: PLACEMENT_ERRORS,
    ...(deps.worker ? { worker: createHostWorker(deps.worker) } : {}),
    examples: { list: { input: async () => ({}) } },
  });
