import { type DescribedService, operationOf, services } from '../api/registry.ts';

/** A list that takes this kind of resource as a filter. */
export interface Relation {
  readonly service: DescribedService;
  /** The member of the list's input. */
  readonly member: string;
}

/** Services whose items refer to those of a service: instances to a VPC. The trail of what somebody did is not meant: it has its page. */
export const relationsOf = (service: DescribedService): readonly Relation[] =>
  services
    .filter(({ resource }) => resource !== 'audit' && resource !== 'event')
    .flatMap((other) =>
      Object.entries(operationOf(other.list).references ?? {})
        .filter(([, kind]) => service.kind !== undefined && kind === service.kind)
        .map(([member]) => ({ service: other, member })),
    );
