export interface Line {
  /** Its number since the beginning; it stays when lines above are dropped. */
  readonly id: number;
  readonly text: string;
}

/** Most characters of a line; the rest is the next one, so that one line cannot fill the memory. */
const LONGEST = 8_000;

/** The last lines of a text that arrives in pieces. */
export class LineBuffer {
  private readonly most: number;
  private kept: Line[] = [];
  private rest = '';
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
    if (this.kept.length > this.most) this.kept = this.kept.slice(-this.most);
  }

  private add(part: string): void {
    // A carriage return writes over what stands there, as a progress bar does; one at the end belongs to the line's end.
    const line = part.replace(/\r+$/, '');
    const shown = line.slice(line.lastIndexOf('\r') + 1);
    for (let at = 0; at === 0 || at < shown.length; at += LONGEST)
      this.kept.push({ id: this.total++, text: shown.slice(at, at + LONGEST) });
  }

  /** The lines, with the one that has not ended yet. */
  lines(): readonly Line[] {
    return this.rest === '' ? [...this.kept] : [...this.kept, { id: this.total, text: this.rest }];
  }

  clear(): void {
    this.kept = [];
    this.rest = '';
  }
}
