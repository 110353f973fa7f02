import '@xterm/xterm/css/xterm.css';
import { FitAddon } from '@xterm/addon-fit';
import { Terminal as Xterm } from '@xterm/xterm';
import type { SocketTarget } from '@thecloud/sdk';
import { useEffect, useRef, useState } from 'react';
import { Button } from './button.tsx';
import { pastedText } from './pasted.ts';
import { styleSafely } from './style-safely.ts';
import { TERMINAL_COLOURS } from './terminal-colours.ts';
import { type Size, TerminalSession, type TerminalState } from './terminal-session.ts';
import { useDark } from './use-dark.ts';
import { writeClipboard } from './copy.tsx';

/** Bytes of output that wait to be drawn; what a program writes beyond is left out, and the terminal says so. */
const MOST_WAITING = 2 * 1024 * 1024;
const SCROLLBACK_LINES = 5_000;
/** Leaves what a program may have left behind: its screen, its modes, and reports of the mouse. What it wrote stays. */
const AFTER_PROGRAM = '\x1b[?1047l\x1b[!p\x1b[?1000l\x1b[?1006l\r\n';

export interface TerminalProps {
  readonly label: string;
  /** Where the socket is, for a terminal of this size. */
  readonly target: (size: Size) => SocketTarget;
  /** The program, without a shell around it. Another one starts another session. */
  readonly command: readonly string[];
  /** Stands before the state, such as a choice of shells. */
  readonly children?: React.ReactNode;
}

/** A terminal. Its keys are those of the program, but for Ctrl-Shift-X, which gives the focus back to the page. */
export function Terminal({ label, target, command, children }: TerminalProps) {
  const place = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLDivElement>(null);
  const live = useRef<{ terminal: Xterm; session: TerminalSession }>(undefined);
  const latest = useRef(target);
  latest.current = target;
  const [state, setState] = useState<TerminalState>({ name: 'connecting' });
  const dark = useDark();
  const words = JSON.stringify(command);

  useEffect(() => {
    const undoStyles = styleSafely(document);
    const terminal = new Xterm({
      fontFamily: getComputedStyle(bar.current!).getPropertyValue('--font-mono') || 'monospace',
      fontSize: 13,
      lineHeight: 1.2,
      scrollback: SCROLLBACK_LINES,
      cursorBlink: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
      screenReaderMode: true,
      minimumContrastRatio: 4.5,
      theme: TERMINAL_COLOURS[document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'],
    });
    const fit = new FitAddon();
    terminal.loadAddon(fit);
    terminal.open(place.current!);
    terminal.textarea?.setAttribute('aria-label', `${label}. Ctrl+Shift+X leaves it.`);
    fit.fit();
    const session = new TerminalSession(
      {
        target: (size) => latest.current(size),
        command: JSON.parse(words) as string[],
        onOutput: drawer(terminal),
        onState: (next) => {
          if (next.name === 'lost' || next.name === 'ended') terminal.write(AFTER_PROGRAM);
          setState(next);
        },
      },
      { rows: terminal.rows, cols: terminal.cols },
    );
    live.current = { terminal, session };
    const encoder = new TextEncoder();
    terminal.onData((text) => {
      if (!session.write(encoder.encode(text))) terminal.write('\x07');
    });
    terminal.onBinary((text) => void session.write(Uint8Array.from(text, (one) => one.charCodeAt(0))));
    terminal.onResize(({ rows, cols }) => session.resize({ rows, cols }));
    terminal.attachCustomKeyEventHandler((event) => {
      if (!event.ctrlKey || !event.shiftKey || event.altKey) return true;
      const key = event.key.toLowerCase();
      // The browser pastes; xterm.js hears of it.
      if (key === 'v') return false;
      if (key !== 'c' && key !== 'x') return true;
      event.preventDefault();
      if (event.type !== 'keydown') return false;
      if (key === 'x') bar.current?.querySelector<HTMLElement>('button, select')?.focus();
      else if (terminal.hasSelection()) void writeClipboard(terminal.getSelection());
      return false;
    });
    // Before xterm.js, which pastes all that it gets.
    const paste = (event: ClipboardEvent) => {
      event.preventDefault();
      event.stopPropagation();
      terminal.paste(pastedText(event.clipboardData?.getData('text/plain') ?? ''));
    };
    const holder = place.current!;
    holder.addEventListener('paste', paste, true);
    let frame = 0;
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => fit.fit());
    });
    observer.observe(place.current!);
    session.connect();
    terminal.focus();
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      holder.removeEventListener('paste', paste, true);
      session.close();
      terminal.dispose();
      undoStyles();
      live.current = undefined;
    };
  }, [label, words]);

  useEffect(() => {
    if (live.current) live.current.terminal.options.theme = TERMINAL_COLOURS[dark ? 'dark' : 'light'];
  }, [dark]);

  const reconnect = () => {
    live.current?.terminal.reset();
    live.current?.session.reconnect();
    live.current?.terminal.focus();
  };
  return (
    <section aria-label={label} className="grid overflow-hidden rounded-lg border border-line bg-surface">
      <div ref={bar} className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-3 py-1.5">
        {children}
        <p role="status" className={`min-w-0 text-sm ${state.name === 'lost' ? 'text-warn' : 'text-ink-soft'}`}>
          {wordsOf(state)}
        </p>
        <span className="grow" />
        <span className="hidden text-xs text-ink-soft md:block">
          Copy <kbd>Ctrl Shift C</kbd> · Paste <kbd>Ctrl Shift V</kbd> · Leave <kbd>Ctrl Shift X</kbd>
        </span>
        <Button small onClick={reconnect}>
          {state.name === 'open' ? 'New session' : state.name === 'ended' ? 'Open again' : 'Connect now'}
        </Button>
      </div>
      <div data-keys="own" className="h-[max(20rem,calc(100dvh-17rem))] min-w-0 bg-(--terminal) p-2 pr-0.5">
        <div ref={place} className="size-full" />
      </div>
    </section>
  );
}

function wordsOf(state: TerminalState): string {
  switch (state.name) {
    case 'connecting':
      return 'Connecting …';
    case 'open':
      return 'Connected';
    case 'ended':
      return state.code === 0 ? 'The program has ended' : `The program has ended with exit code ${state.code}`;
    case 'lost': {
      const reason = state.reason.charAt(0).toUpperCase() + state.reason.slice(1);
      return `${reason}. ${state.again === undefined ? 'What ran in it has ended.' : 'Connecting again, with a new session …'}`;
    }
  }
}

/** Draws output, and leaves out what comes faster than it can be drawn. */
function drawer(terminal: Xterm): (bytes: Uint8Array) => void {
  let waiting = 0;
  let skipped = 0;
  return (bytes) => {
    if (waiting + bytes.length > MOST_WAITING) {
      skipped += bytes.length;
      return;
    }
    if (skipped > 0) terminal.write(`\r\n\x1b[7m ${skipped} bytes of output were left out \x1b[0m\r\n`);
    skipped = 0;
    waiting += bytes.length;
    terminal.write(bytes, () => (waiting -= bytes.length));
  };
}
