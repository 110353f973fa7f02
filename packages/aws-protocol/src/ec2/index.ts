export { describe, type DescribeInput, type DescribeOptions, type ListPage, type ListQuery } from './describe.ts';
export type { Filter, FilterTable, Tagged } from './filters.ts';
