export interface Line {
  /** Its number since the beginning; it stays when lines above are dropped. */
  readonly id: number;
  readonly text: string;
}

/** Most characters of a line; the rest is the next one, so that one line cannot fill the memory. */
const LONGEST = 8_000;
/** Most characters of all lines: fewer lines are kept where they are long. */
const MOST_CHARACTERS = 16 * 1024 * 1024;

/** The last lines of a text that arrives in pieces. */
export class LineBuffer {
  private readonly most: number;
  private kept: Line[] = [];
  private rest = '';
  /** Characters of the lines that are kept. */
  private size = 0;
  /** Lines so far, with those that were dropped. */
  total = 0;

  constructor(most: number) {
    this.most = most;
  }

  push(text: string): void {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop()!;
    for (const part of parts) this.add(part);
    while (this.rest.length > LONGEST) {
      this.add(this.rest.slice(0, LONGEST));
      this.rest = this.rest.slice(LONGEST);
    }
    let surplus = Math.max(0, this.kept.length - this.most);
    for (const [place, { text: line }] of this.kept.entries()) {
      if (place >= surplus && this.size <= MOST_CHARACTERS) break;
      this.size -= line.length;
      surplus = Math.max(surplus, place + 1);
    }
    if (surplus > 0) this.kept = this.kept.slice(surplus);
  }

  private add(part: string): void {
    // A carriage return writes over what stands there, as a progress bar does; one at the end belongs to the line's end.
    const line = part.replace(/\r+$/, '');
    const shown = line.slice(line.lastIndexOf('\r') + 1);
    this.size += shown.length;
    for (let at = 0; at === 0 || at < shown.length; at += LONGEST)
      this.kept.push({ id: this.total++, text: shown.slice(at, at + LONGEST) });
  }

  /** The lines, with the one that has not ended yet. */
  lines(): readonly Line[] {
    return this.rest === '' ? [...this.kept] : [...this.kept, { id: this.total, text: this.rest }];
  }

  clear(): void {
    this.kept = [];
    this.size = 0;
    this.rest = '';
  }
}
