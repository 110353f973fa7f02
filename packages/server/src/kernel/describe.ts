import type { TSchema } from 'typebox';
import type { Operation } from './operation.ts';
import type { Registry } from './registry.ts';

/** An operation as `api/operations.json` tells it to the SDK, the CLI and the console: JSON, schemas included. */
export interface DescribedOperation {
  readonly name: string;
  readonly service: string;
  readonly verb: string;
  readonly resource: string;
  readonly summary: string;
  readonly description?: string;
  readonly plane: string;
  readonly effect: Operation['effect'];
  readonly scope: string;
  readonly permission?: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly pathParams: readonly string[];
  readonly input: TSchema;
  readonly output: TSchema;
  readonly target?: { readonly kind: string; readonly param: string };
  /** Input members that name another resource, with its kind. */
  readonly references?: Readonly<Record<string, string>>;
  /** Input members that no log shows. */
  readonly secrets?: readonly string[];
  /** Output members that no later answer shows. */
  readonly shownOnce?: readonly string[];
  /** Takes Idempotency-Key. */
  readonly idempotent: boolean;
  readonly settles?: Operation['settles'];
  /** Codes beyond the kernel's own. */
  readonly errors?: readonly string[];
  readonly live?: boolean;
  readonly answer?: NonNullable<Operation['answer']>;
  /** The content types of a download. */
  readonly content?: readonly string[];
  readonly cli?: Operation['cli'];
  /** Quotas that it uses up some of, and what a tenant has of each unless the operator says otherwise. */
  readonly uses?: readonly { readonly resource: string; readonly max: number; readonly noun: string }[];
}

/** All operations in the registry's order; the same registry gives the same answer. */
export const describeOperations = (registry: Registry): readonly DescribedOperation[] =>
  [...registry.entries.values()].map(({ descriptor, ...entry }) => ({
    name: entry.name,
    service: entry.service,
    verb: entry.verb,
    resource: entry.resource,
    summary: descriptor.summary,
    ...(descriptor.description ? { description: descriptor.description } : {}),
    plane: entry.plane,
    effect: descriptor.effect,
    scope: entry.scope,
    ...(entry.permission ? { permission: entry.permission } : {}),
    method: descriptor.http.method,
    path: descriptor.http.path,
    status: entry.status,
    pathParams: entry.pathParams,
    input: descriptor.input,
    output: descriptor.output,
    ...(entry.targets.length > 0 ? { target: entry.targets.at(-1)! } : {}),
    ...(descriptor.references ? { references: descriptor.references } : {}),
    ...(descriptor.secrets ? { secrets: descriptor.secrets } : {}),
    ...(descriptor.shownOnce ? { shownOnce: descriptor.shownOnce } : {}),
    idempotent: entry.idempotent,
    ...(descriptor.settles ? { settles: descriptor.settles } : {}),
    ...(descriptor.errors ? { errors: descriptor.errors } : {}),
    ...(descriptor.live ? { live: true } : {}),
    ...(entry.answer === 'json' ? {} : { answer: entry.answer }),
    ...(descriptor.content ? { content: descriptor.content } : {}),
    ...(descriptor.cli ? { cli: descriptor.cli } : {}),
    ...(descriptor.uses
      ? {
          uses: descriptor.uses.map((resource) => {
            const { max, noun } = registry.quotas.get(resource)!;
            return { resource, max, noun };
          }),
        }
      : {}),
  }));
