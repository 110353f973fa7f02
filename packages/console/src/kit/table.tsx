import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import { classes } from './classes.ts';
import { Skeleton } from './states.tsx';

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  readonly render: (item: T) => ReactNode;
  /** A CSS grid track. Default `minmax(7rem, 1fr)`. */
  readonly width?: string;
  readonly numeric?: boolean;
}

/** Height of a row in pixels; that of every row is the same, so that 10,000 of them need no measuring. */
const ROW = 40;

/**
 * A table of any length: only the rows in sight are in the document. `onEnd` is called when its end comes into sight. On a narrow screen it
 * scrolls to the side, with the first column in place.
 */
export function Table<T>({
  label,
  columns,
  items,
  keyOf,
  total,
  onEnd,
  loading,
  rowActions,
}: {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** Rows that there are in all, if it is known. */
  readonly total?: number;
  readonly onEnd?: (() => void) | undefined;
  readonly loading?: boolean;
  /** What stands at the end of each row, such as a menu. */
  readonly rowActions?: ((item: T) => ReactNode) | undefined;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const rows = virtual.getVirtualItems();
  const lastSeen = rows.at(-1)?.index ?? -1;
  useEffect(() => {
    if (onEnd && !loading && items.length > 0 && lastSeen >= items.length - 20) onEnd();
  }, [onEnd, loading, lastSeen, items.length]);
  const tracks = [...columns.map((one) => one.width ?? 'minmax(7rem, 1fr)'), ...(rowActions ? ['3rem'] : [])].join(' ');
  const cell = (index: number, numeric?: boolean) =>
    classes(
      'flex min-w-0 items-center px-3',
      numeric && 'justify-end tabular-nums',
      index === 0 && 'sticky left-0 z-10 bg-inherit',
    );
  return (
    <div
      ref={scroller}
      role="table"
      aria-label={label}
      aria-rowcount={(total ?? items.length) + 1}
      // A scrolling region must be reachable by keyboard.
      tabIndex={0}
      className="relative max-h-[calc(100dvh-13rem)] min-h-24 overflow-auto"
    >
      <div className="min-w-max">
        <div role="rowgroup" className="sticky top-0 z-20 bg-surface">
          <div
            role="row"
            aria-rowindex={1}
            className="grid h-9 border-b border-line bg-inherit text-xs font-medium text-ink-soft"
            style={{ gridTemplateColumns: tracks }}
          >
            {columns.map((column, index) => (
              <div key={column.key} role="columnheader" className={cell(index, column.numeric)}>
                {column.title}
              </div>
            ))}
            {rowActions && (
              <div role="columnheader">
                <span className="sr-only">Actions</span>
              </div>
            )}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {rows.map((row) => {
            const item = items[row.index]!;
            return (
              <div
                key={keyOf(item)}
                role="row"
                aria-rowindex={row.index + 2}
                className="absolute grid w-full border-b border-line bg-surface hover:bg-raised"
                style={{ gridTemplateColumns: tracks, height: ROW, transform: `translateY(${row.start}px)` }}
              >
                {columns.map((column, index) => (
                  <div key={column.key} role="cell" className={cell(index, column.numeric)}>
                    <div className="min-w-0 truncate">{column.render(item)}</div>
                  </div>
                ))}
                {rowActions && (
                  <div role="cell" className="flex items-center justify-center">
                    {rowActions(item)}
                  </div>
                )}
              </div>
            );
          })}
        </div>
      </div>
      {loading && (
        <div role="status" className="grid gap-3 p-3">
          <span className="sr-only">Loading</span>
          <Skeleton className="h-4 w-full max-w-lg" />
          <Skeleton className="h-4 w-full max-w-md" />
        </div>
      )}
    </div>
  );
}
