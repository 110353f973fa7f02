import Type, { type TSchema } from 'typebox';
import type { CliFacet, Operation } from './operation.ts';
import { pageInput } from './page.ts';
import { markDeleted, type ResourceRow, type Table } from './resource.ts';
import type { Call } from './service.ts';

/** The usual operations of a resource, as descriptors; what a service says itself wins. Their handlers are the kernel's, see registry.ts. */

export const ref = Type.String({ minLength: 1, maxLength: 255, description: 'Id or name' });
export const byRef = Type.Object({ id: ref }, { additionalProperties: false });
const message = Type.Object({ message: Type.String() });

/** What its answers' `status` comes to; `reader` is the service's `get`. */
export const settlesAt = <const V extends readonly string[]>(...values: V) =>
  ({ field: 'status', values, reader: 'get' }) as const;

interface Named<K extends string, O extends TSchema> {
  /** The kind; also the noun in summaries, with `title` where it reads otherwise: `VPC`. */
  readonly kind: K;
  readonly title: string;
  /** `/vpcs` */
  readonly path: string;
  readonly output: O;
}

/** `GET /things/:id`: the target. */
export const getOperation = <const K extends string, const O extends TSchema, const E extends Partial<Operation>>(
  { kind, title, path, output }: Named<K, O>,
  extra: E = {} as E,
) =>
  ({
    summary: `Get ${title}`,
    effect: 'read',
    http: { method: 'GET', path: `${path}/:id` },
    input: byRef,
    output,
    target: { kind, param: 'id' },
    answers: kind,
    cli: { args: ['id'] },
    ...extra,
  }) as const;

/** `GET /things`: a page, newest first. */
export const listOperation = <const K extends string, const O extends TSchema, const E extends Partial<Operation>>(
  { kind, title, path, output }: Named<K, O>,
  columns: readonly string[],
  extra: E = {} as E,
) =>
  ({
    summary: `List ${title}`,
    effect: 'list',
    http: { method: 'GET', path },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output,
    answers: kind,
    cli: { columns } as CliFacet,
    ...extra,
  }) as const;

/** `DELETE /things/:id`: sets the tombstone and says so; see `deletes`. */
export const deleteOperation = <const K extends string, const E extends Partial<Operation>>(
  { kind, title, path }: Omit<Named<K, TSchema>, 'output'>,
  extra: E = {} as E,
) =>
  ({
    summary: `Delete ${title}`,
    effect: 'delete',
    http: { method: 'DELETE', path: `${path}/:id` },
    input: byRef,
    output: message,
    target: { kind, param: 'id' },
    cli: { args: ['id'] },
    ...extra,
  }) as const;

/** The handler of a deletion that a reconciler of the same kind fulfils. A repeated deletion changes nothing. */
export const deletes =
  <Row extends ResourceRow & { readonly host_id: string | null }>(table: Table<Row>, kind: string, noun: string) =>
  async (call: Call<unknown, Row>): Promise<{ message: string }> => {
    const { id, name, host_id: hostId } = call.target;
    await markDeleted(call.sql, table, id, call.now);
    call.wake(kind, id, hostId);
    return { message: `${noun} '${name}' is being deleted` };
  };
