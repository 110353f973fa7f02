import { setImmediate as nextTurn } from 'node:timers/promises';
import { AwsError } from '../errors.ts';
import { type Filter, type Filters, type FilterTable, readFilters, type Tagged } from './filters.ts';

/** The members that all of EC2's Describe requests have. */
export interface DescribeInput {
  readonly Filters?: readonly Filter[] | undefined;
  readonly MaxResults?: number | undefined;
  readonly NextToken?: string | undefined;
  readonly DryRun?: boolean | undefined;
}

/** What is asked of the list behind a Describe request. */
export interface ListQuery {
  /** Only these; unknown ones are left out. */
  readonly ids: readonly string[] | undefined;
  readonly limit: number;
  readonly token: string | undefined;
}

/** A page of the list. `token` of an item: where the list goes on behind it. */
export interface ListPage<Thing> {
  readonly items: readonly { readonly thing: Thing; readonly token: string }[];
  readonly nextToken: string | undefined;
}

export interface DescribeOptions<Thing> {
  /** `VpcIds` of the input. */
  readonly ids: readonly string[] | undefined;
  /** The filter that compares ids: `vpc-id`. */
  readonly idFilter: string;
  readonly filters: FilterTable<Thing>;
  /** The error for an id that is asked for and not there. */
  readonly notFound: (id: string) => AwsError;
  list(query: ListQuery): Promise<ListPage<Thing>>;
}

const PAGE = 1000;
const SMALLEST_PAGE = 5;
/** Things that are filtered before other requests have their turn: 60 ms with patterns made to be slow. */
const AT_ONCE = 100;

/**
 * Answers a Describe request from a list that takes ids, a limit and a token. Each request reads one page. With filters, a page is 1,000
 * things, and only the matches are returned: as in EC2, the result can have fewer than `MaxResults` items, or none, and still have a token.
 */
export async function describe<Thing extends Tagged>(
  input: DescribeInput,
  options: DescribeOptions<Thing>,
): Promise<{ readonly things: Thing[]; readonly nextToken: string | undefined }> {
  const filters = readFilters(input.Filters, options.filters);
  const size = sizeOf(input.MaxResults);
  const asked = options.ids?.length ? options.ids : undefined;
  if (asked && asked.length > PAGE)
    throw new AwsError('InvalidParameterValue', `A request may name ${PAGE} ids; this one names ${asked.length}`);
  const ids = asked ?? filters.exactly(options.idFilter);
  const page = await options.list({ ids, limit: asked || !filters.isEmpty ? PAGE : size, token: input.NextToken });
  if (asked && input.NextToken === undefined) {
    const idsOf = options.filters[options.idFilter]!;
    const found = new Set(page.items.flatMap(({ thing }) => idsOf(thing)));
    const missing = asked.find((id) => !found.has(id));
    if (missing !== undefined) throw options.notFound(missing);
  }
  if (input.DryRun)
    throw new AwsError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', { status: 412 });
  const fitting = await findFitting(page.items, filters);
  const shown = fitting.slice(0, size);
  return {
    things: shown.map(({ thing }) => thing),
    nextToken: fitting.length > size ? shown.at(-1)?.token : page.nextToken,
  };
}

async function findFitting<Thing>(
  items: ListPage<Thing>['items'],
  filters: Filters<Thing>,
): Promise<ListPage<Thing>['items']> {
  const fitting = [];
  for (let begin = 0; begin < items.length; begin += AT_ONCE) {
    if (begin > 0) await nextTurn();
    fitting.push(...items.slice(begin, begin + AT_ONCE).filter(({ thing }) => filters.fits(thing)));
  }
  return fitting;
}

function sizeOf(maxResults: number | undefined): number {
  if (maxResults === undefined) return PAGE;
  if (!Number.isInteger(maxResults) || maxResults < SMALLEST_PAGE || maxResults > PAGE)
    throw new AwsError(
      'InvalidParameterValue',
      `Value ( ${maxResults} ) for parameter maxResults is invalid. Expecting a value from ${SMALLEST_PAGE} to ${PAGE}.`,
    );
  return maxResults;
}
