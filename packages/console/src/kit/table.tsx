import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, memo, type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
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

/** The column that rows are sorted by. */
export interface Sort {
  readonly key: string;
  readonly descending: boolean;
}

export interface TableProps<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  /** Rows that there are in all, if it is known. */
  readonly total?: number | undefined;
  readonly onEnd?: (() => void) | undefined;
  readonly loading?: boolean;
  /** What stands at the end of each row, such as a menu. */
  readonly rowActions?: ((item: T) => ReactNode) | undefined;
  /** What Enter on a row does. */
  readonly onOpen?: ((item: T) => void) | undefined;
  readonly sort?: Sort | undefined;
  /** Makes the headings buttons. Left out where rows have an order that the API gave. */
  readonly onSort?: ((sort: Sort) => void) | undefined;
}

/** Heights of a row and of the heading in pixels; that of every row is the same, so that 10,000 of them need no measuring. */
const ROW = 40;
const HEADING = 36;
/** Rows that Page up and Page down go. */
const JUMP = 10;

const cellClass = (first: boolean, numeric?: boolean) =>
  classes(
    'flex min-w-0 items-center px-3',
    numeric && 'justify-end tabular-nums',
    first && 'sticky left-0 z-10 bg-inherit',
  );

/**
 * A table of any length: only the rows in sight are in the document. `onEnd` is called when its end comes into sight. One row at a time is in the
 * tab order; arrows, Page up, Page down, Home and End go on from it, Enter opens it. On a narrow screen it scrolls to the side, with the first
 * column in place.
 */
export function Table<T>(props: TableProps<T>) {
  const { label, columns, items, keyOf, total, onEnd, loading, rowActions, onOpen, sort, onSort } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string>();
  const toFocus = useRef(false);
  const places = useMemo(() => new Map(items.map((item, index) => [keyOf(item), index])), [items, keyOf]);
  const activeIndex = active === undefined ? -1 : (places.get(active) ?? -1);
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    // The heading covers as much of what is in sight.
    scrollPaddingEnd: HEADING,
    // The row with the focus stays in the document when it is scrolled out of sight: else the focus would be lost.
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        if (activeIndex < 0 || shown.includes(activeIndex)) return shown;
        return [...shown, activeIndex].sort((one, other) => one - other);
      },
      [activeIndex],
    ),
  });
  const rows = virtual.getVirtualItems();
  const lastSeen = virtual.range?.endIndex ?? -1;
  useEffect(() => {
    if (onEnd && !loading && items.length > 0 && lastSeen >= items.length - 30) onEnd();
  }, [onEnd, loading, lastSeen, items.length]);
  useEffect(() => {
    if (!toFocus.current || activeIndex < 0) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-row="${activeIndex}"]`);
    if (!row) return;
    toFocus.current = false;
    row.focus({ preventScroll: true });
  });

  const moveTo = (index: number) => {
    const next = Math.max(0, Math.min(items.length - 1, index));
    if (!items[next]) return;
    toFocus.current = true;
    setActive(keyOf(items[next]));
    virtual.scrollToIndex(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (target.closest('input:not([type="checkbox"]), select, textarea, [role="menu"], dialog')) return;
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: activeIndex + 1,
      ArrowUp: activeIndex - 1,
      PageDown: activeIndex + JUMP,
      PageUp: activeIndex - JUMP,
      Home: 0,
      End: items.length - 1,
    };
    const next = steps[event.key];
    const item = items[activeIndex];
    if (next !== undefined) {
      event.preventDefault();
      moveTo(next);
    } else if (item !== undefined && target.dataset.row !== undefined && event.key === 'Enter' && onOpen) {
      event.preventDefault();
      onOpen(item);
    }
  };
  const tracks = [...columns.map((one) => one.width ?? 'minmax(7rem, 1fr)'), ...(rowActions ? ['3rem'] : [])].join(' ');
  const tabbable = rows.some((row) => row.index === activeIndex) ? activeIndex : (rows[0]?.index ?? -1);
  return (
    // biome-ignore lint/a11y/noNoninteractiveElementInteractions: its rows take the focus, and their keys come here
    <div
      ref={scroller}
      role="table"
      aria-label={label}
      // -1: nobody knows yet how many there are.
      aria-rowcount={total === undefined ? (onEnd ? -1 : items.length + 1) : total + 1}
      aria-busy={loading || undefined}
      // A scrolling region must be reachable by keyboard; its rows are, if it has any.
      tabIndex={items.length === 0 ? 0 : -1}
      onKeyDown={onKeyDown}
      className="relative max-h-[calc(100dvh-13rem)] min-h-24 overflow-auto outline-offset-[-2px]"
    >
      <div className="min-w-max">
        <div role="rowgroup" className="sticky top-0 z-20 bg-surface">
          <div
            role="row"
            aria-rowindex={1}
            className="grid border-b border-line bg-inherit text-xs font-medium text-ink-soft"
            style={{ gridTemplateColumns: tracks, height: HEADING }}
          >
            {columns.map((column, index) => (
              <Heading
                key={column.key}
                column={column}
                first={index === 0}
                sort={sort?.key === column.key ? sort : undefined}
                onSort={onSort}
              />
            ))}
            {rowActions && (
              <div role="columnheader">
                <span className="sr-only">Actions</span>
              </div>
            )}
          </div>
        </div>
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {rows.map(({ index, start }) => {
            const item = items[index]!;
            const key = keyOf(item);
            return (
              <MemoRow
                key={key}
                {...{ item, index, start, tracks }}
                id={key}
                columns={columns as readonly Column<unknown>[]}
                tabbable={index === tabbable}
                onActive={setActive}
                rowActions={rowActions as ((item: unknown) => ReactNode) | undefined}
              />
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

function Heading<T>({
  column,
  first,
  sort,
  onSort,
}: {
  readonly column: Column<T>;
  readonly first: boolean;
  /** Where the table is sorted by this column. */
  readonly sort: Sort | undefined;
  readonly onSort: ((sort: Sort) => void) | undefined;
}) {
  const Arrow = sort?.descending ? ArrowDown : ArrowUp;
  return (
    <div
      role="columnheader"
      className={cellClass(first, column.numeric)}
      aria-sort={sort ? (sort.descending ? 'descending' : 'ascending') : undefined}
    >
      {onSort ? (
        <button
          type="button"
          className="-mx-1 flex min-w-0 items-center gap-1 rounded px-1 py-0.5 hover:text-ink"
          onClick={() => onSort({ key: column.key, descending: sort ? !sort.descending : false })}
        >
          <span className="truncate">{column.title}</span>
          <Arrow aria-hidden className={classes('size-3 shrink-0', !sort && 'invisible')} />
        </button>
      ) : (
        <span className="truncate">{column.title}</span>
      )}
    </div>
  );
}

interface RowProps {
  readonly item: unknown;
  readonly id: string;
  readonly index: number;
  readonly start: number;
  readonly tracks: string;
  readonly columns: readonly Column<unknown>[];
  readonly tabbable: boolean;
  readonly onActive: (key: string) => void;
  readonly rowActions: ((item: unknown) => ReactNode) | undefined;
}

/** While the table scrolls, a row that stays is not rendered once more. */
const MemoRow = memo(function Row(props: RowProps) {
  const { item, id, index, start, tracks, columns, tabbable, onActive, rowActions } = props;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-row={index}
      tabIndex={tabbable ? 0 : -1}
      onFocus={() => onActive(id)}
      className="absolute grid w-full border-b border-line bg-surface outline-offset-[-2px] hover:bg-raised"
      style={{ gridTemplateColumns: tracks, height: ROW, transform: `translateY(${start}px)` }}
    >
      {columns.map((column, place) => (
        <div key={column.key} role="cell" className={cellClass(place === 0, column.numeric)}>
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
});
