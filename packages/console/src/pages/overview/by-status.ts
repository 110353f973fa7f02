/** How many items have each status, most first. */
export function byStatus(statuses: readonly string[]): readonly (readonly [status: string, count: number])[] {
  const counts = new Map<string, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].sort(([one, many], [other, more]) => more - many || one.localeCompare(other));
}
