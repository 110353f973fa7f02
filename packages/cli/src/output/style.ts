import pc from 'picocolors';
import type { World } from '../world.ts';

export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Colours on a terminal, unless NO_COLOR is set (to anything) or the terminal is dumb. */
export function styleOf(stream: World['stdout'], env: World['env']): Style {
  return pc.createColors(stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb');
}

const GOOD = new Set(['running', 'active', 'available', 'healthy', 'enabled', 'succeeded']);
const BAD = new Set(['error', 'failed', 'unhealthy']);
const RESTING = new Set(['stopped', 'disabled', 'in-use']);

export const isBad = (status: unknown): boolean => BAD.has(String(status).toLowerCase());

/** Colours a status: green if good, red if bad, yellow while it changes. */
export function colourStatus(status: string, style: Style): string {
  const word = status.trim().toLowerCase();
  if (GOOD.has(word)) return style.green(status);
  if (BAD.has(word)) return style.red(status);
  return RESTING.has(word) || word === '-' ? status : style.yellow(status);
}
