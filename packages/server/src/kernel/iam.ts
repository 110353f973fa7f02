import type { AwsContext } from './aws-actions.ts';
import type { PageOf } from './operation.ts';

/** The name of something of the caller's tenant in IAM: its users are members, and their roles stand for policies. */
export const iamArn = ({ accountNumber }: AwsContext, kind: 'user' | 'role' | 'policy', name: string): string =>
  `arn:aws:iam::${accountNumber}:${kind}/${name}`;

/** Where everything of a tenant stands in IAM: there are no folders. */
const PATH = '/';
export const iamPath = { Path: PATH };

/** Whether what is asked for begins with the one path that there is. */
export const isBelow = (prefix: string | undefined): boolean => PATH.startsWith(prefix ?? PATH);

/** As many as IAM answers at most, unless the caller asks for fewer. */
const USUAL = 100;

/** A page of one of our lists, as IAM's List actions answer it. `wanted` leaves rows out, so a page can have fewer than were asked for. */
export async function iamPage<Row, Thing>(
  context: AwsContext,
  [operation, input]: readonly [operation: string, input: Readonly<Record<string, unknown>>],
  asked: {
    readonly MaxItems?: number | undefined;
    readonly Marker?: string | undefined;
    readonly PathPrefix?: string | undefined;
  },
  present: (row: Row) => Thing,
  wanted: (row: Row) => boolean = () => true,
): Promise<{ readonly things: Thing[]; readonly page: { readonly IsTruncated: boolean; readonly Marker?: string } }> {
  const { items, nextCursor } = (await context.execute(operation, {
    ...input,
    limit: asked.MaxItems ?? USUAL,
    ...(asked.Marker === undefined ? {} : { cursor: asked.Marker }),
  })) as PageOf<Row>;
  if (!isBelow(asked.PathPrefix)) return { things: [], page: { IsTruncated: false } };
  return {
    things: items.filter(wanted).map(present),
    page: nextCursor === undefined ? { IsTruncated: false } : { IsTruncated: true, Marker: nextCursor },
  };
}
