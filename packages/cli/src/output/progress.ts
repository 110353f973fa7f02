import type { World } from '../world.ts';
import { escapeControl } from './cell.ts';
import { colourStatus, styleOf } from './style.ts';

export interface Progress {
  /** Shows the resource's present status. */
  show(status: string, reason: string | undefined): void;
  /** Wipes the line. */
  stop(): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const TICK_MS = 100;
const WIPE = '\r\u001b[K';

/** Draws one line with the status and the elapsed time. Undefined if standard error is not a terminal. */
export function startProgress(world: World, name: string): Progress | undefined {
  const { stderr, env } = world;
  if (stderr.isTTY !== true || env.TERM === 'dumb') return undefined;
  const style = styleOf(stderr, env);
  const begun = performance.now();
  let text = '';
  let coloured = '';
  let frame = 0;
  const draw = () => {
    const seconds = `${Math.round((performance.now() - begun) / 1000)}s`;
    // A terminal of unknown size reports 0 columns.
    const room = (stderr.columns || 80) - name.length - seconds.length - 8;
    // A line that wraps could not be wiped.
    const shown = text.length <= room ? coloured : `${text.slice(0, Math.max(0, room - 1))}…`;
    stderr.write(`${WIPE}${FRAMES[frame++ % FRAMES.length]} ${name}: ${shown} ${style.dim(seconds)}`);
  };
  const timer = setInterval(draw, TICK_MS);
  return {
    show(status, reason) {
      const why = reason ? ` (${escapeControl(reason)})` : '';
      const word = escapeControl(status);
      text = word + why;
      coloured = colourStatus(word, style) + why;
      draw();
    },
    stop() {
      clearInterval(timer);
      stderr.write(WIPE);
    },
  };
}
