import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp, ArrowDownToLine, Download, Pause, Play, Search, WrapText } from 'lucide-react';
import { memo, useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { highlight, piecesOf, plainOf } from './ansi.ts';
import { Button, IconButton } from './button.tsx';
import { classes } from './classes.ts';
import { Input } from './field.tsx';
import type { LogState } from './follow-log.ts';
import type { Line } from './line-buffer.ts';
import { useLog } from './use-log.ts';

const ROW = 20;

export interface LogViewProps {
  readonly label: string;
  /** Of the downloaded file. */
  readonly fileName: string;
  /** The log as it is written, from its last lines on. */
  readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /** What stands where there is no line yet. */
  readonly empty: string;
}

/** A log that follows: it can be paused, searched and downloaded, and only the lines in sight are in the document. */
export function LogView({ label, fileName, open, empty }: LogViewProps) {
  const log = useLog(open);
  const [frozen, setFrozen] = useState<{ lines: readonly Line[]; total: number }>();
  const [atEnd, setAtEnd] = useState(true);
  const [wrap, setWrap] = useState(false);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<number>();
  const scroller = useRef<HTMLDivElement>(null);
  const { lines } = frozen ?? log;
  const wanted = useDeferredValue(query);
  const matches = useMemo(() => {
    if (wanted === '') return [];
    const low = wanted.toLowerCase();
    return lines.filter(({ text }) => plainOf(text).toLowerCase().includes(low)).map(({ id }) => id);
  }, [lines, wanted]);
  const first = lines[0]?.id ?? 0;

  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (index) => lines[index]!.id,
    overscan: 20,
  });
  const follows = atEnd && !frozen;
  const height = virtual.getTotalSize();
  const top = useRef(0);
  // Also after the rows were measured, or are wrapped: the end is elsewhere then.
  useLayoutEffect(() => {
    if (follows && scroller.current) scroller.current.scrollTop = height + ROW * 2;
  }, [follows, height]);
  useEffect(() => virtual.measure(), [wrap, virtual]);

  const go = (step: 1 | -1) => {
    if (matches.length === 0) return;
    const place = chosen === undefined ? -1 : matches.indexOf(chosen);
    // From the end, where people look.
    const next = place < 0 ? matches.length - 1 : (place + step + matches.length) % matches.length;
    setChosen(matches[next]);
    setAtEnd(false);
    virtual.scrollToIndex(matches[next]! - first, { align: 'center' });
  };
  const download = () => {
    const text = lines.map((line) => `${plainOf(line.text)}\n`);
    const url = URL.createObjectURL(new Blob(text, { type: 'text/plain' }));
    Object.assign(document.createElement('a'), { href: url, download: fileName }).click();
    // The browser has taken it by then.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  const place = chosen === undefined ? -1 : matches.indexOf(chosen);
  const missed = frozen ? log.total - frozen.total : 0;
  return (
    <section aria-label={label} className="grid grid-cols-1 overflow-hidden rounded-lg border border-line bg-surface">
      <div className="flex flex-wrap items-center gap-1.5 border-b border-line px-2 py-1.5">
        <Button small aria-pressed={frozen !== undefined} onClick={() => setFrozen(frozen ? undefined : log)}>
          {frozen ? <Play className="size-3.5" aria-hidden /> : <Pause className="size-3.5" aria-hidden />}
          {frozen ? 'Resume' : 'Pause'}
        </Button>
        <div className="relative min-w-32 grow sm:max-w-64">
          <Search aria-hidden className="absolute top-1.5 left-2 size-4 text-ink-soft" />
          <Input
            type="search"
            aria-label="Search the log"
            placeholder="Search"
            className="h-7! pl-8"
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setChosen(undefined);
            }}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              go(event.shiftKey ? 1 : -1);
            }}
          />
        </div>
        {query !== '' && (
          <>
            <p role="status" className="text-sm whitespace-nowrap text-ink-soft tabular-nums">
              {matches.length === 0
                ? 'No line'
                : `${place < 0 ? '' : `${place + 1} of `}${matches.length} line${matches.length === 1 ? '' : 's'}`}
            </p>
            <IconButton label="Match above (Enter)" disabled={matches.length === 0} onClick={() => go(-1)}>
              <ArrowUp className="size-4" />
            </IconButton>
            <IconButton label="Match below (Shift Enter)" disabled={matches.length === 0} onClick={() => go(1)}>
              <ArrowDown className="size-4" />
            </IconButton>
          </>
        )}
        <p role="status" className={classes('text-sm', log.state.name === 'lost' ? 'text-warn' : 'text-ink-soft')}>
          {frozen ? `Paused${missed > 0 ? `, ${missed.toLocaleString('en')} new lines` : ''}` : wordsOf(log.state)}
        </p>
        {log.state.name === 'lost' && (
          <Button small onClick={log.reconnect}>
            Connect now
          </Button>
        )}
        <span className="grow" />
        <IconButton
          label="Wrap long lines"
          aria-pressed={wrap}
          className={wrap ? 'bg-raised!' : ''}
          onClick={() => setWrap(!wrap)}
        >
          <WrapText className="size-4" />
        </IconButton>
        <IconButton label="Download what is shown" disabled={lines.length === 0} onClick={download}>
          <Download className="size-4" />
        </IconButton>
      </div>
      <div className="relative min-w-0">
        <div
          ref={scroller}
          role="log"
          aria-label={`${label}, ${lines.length} lines`}
          // Hundreds of lines a second cannot be read aloud.
          aria-live="off"
          tabIndex={0}
          onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
            if (scrollHeight - scrollTop - clientHeight < ROW * 2) setAtEnd(true);
            // Only a person scrolls up.
            else if (scrollTop < top.current) setAtEnd(false);
            top.current = scrollTop;
          }}
          className="h-[max(20rem,calc(100dvh-17rem))] overflow-auto py-2 font-mono text-sm [overflow-anchor:none]"
        >
          {lines.length === 0 && (
            <p className="px-3 font-sans text-ink-soft">
              {log.state.name === 'following' || log.state.name === 'lost' ? empty : 'Reading …'}
            </p>
          )}
          <div className={classes('relative', !wrap && 'w-max min-w-full')} style={{ height }}>
            {!wrap && <Widest lines={lines} />}
            {virtual.getVirtualItems().map((row) => {
              const line = lines[row.index]!;
              return (
                <div
                  key={row.key}
                  ref={wrap ? virtual.measureElement : undefined}
                  data-index={row.index}
                  className={classes(
                    'absolute top-0 left-0 w-full px-3 leading-5 hover:bg-raised',
                    wrap ? 'break-all whitespace-pre-wrap' : 'whitespace-pre',
                    line.id === chosen && 'bg-accent-soft',
                  )}
                  style={{ transform: `translateY(${row.start}px)` }}
                >
                  <Words text={line.text} wanted={wanted} />
                </div>
              );
            })}
          </div>
        </div>
        {!atEnd && (
          <Button small className="absolute right-4 bottom-3 shadow-md" onClick={() => setAtEnd(true)}>
            <ArrowDownToLine className="size-3.5" aria-hidden />
            Jump to the end
          </Button>
        )}
      </div>
      <p className="border-t border-line px-3 py-1.5 text-xs text-ink-soft">
        {lines.length.toLocaleString('en')} lines
        {first > 0 && `, the last of ${(frozen ?? log).total.toLocaleString('en')}`}
      </p>
    </section>
  );
}

const wordsOf = (state: LogState): string => {
  if (state.name === 'lost') return `${state.reason}${state.again ? '; connecting again …' : ''}`;
  return state.name === 'connecting' ? 'Connecting …' : 'Following';
};

/** Gives the list the width of its longest line, whichever lines are in sight, so that the scroll bar does not jump. */
function Widest({ lines }: { readonly lines: readonly Line[] }) {
  const longest = useMemo(
    () => lines.reduce((most, { text }) => (text.length > most.length ? text : most), ''),
    [lines],
  );
  return (
    <div aria-hidden className="invisible h-0 overflow-hidden px-3 whitespace-pre">
      {plainOf(longest)}
    </div>
  );
}

const Words = memo(function Words({ text, wanted }: { readonly text: string; readonly wanted: string }) {
  const pieces = highlight(piecesOf(text), wanted);
  if (pieces.length === 0) return <>&nbsp;</>;
  return pieces.map(({ text: part, className, found }, index) =>
    found ? (
      <mark key={index} className={classes('rounded-xs bg-warn-soft text-warn outline-1 outline-warn', className)}>
        {part}
      </mark>
    ) : className ? (
      <span key={index} className={className}>
        {part}
      </span>
    ) : (
      part
    ),
  );
});
