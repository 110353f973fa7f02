/** Things in the order in which they came, of which the first and the last are found and each is removed in the same short time. */
export class Line<T> {
  readonly #places = new Map<T, Place<T>>();
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  get size(): number {
    return this.#places.size;
  }

  get first(): T | undefined {
    return this.#first?.of;
  }

  get last(): T | undefined {
    return this.#last?.of;
  }

  /** To the end, or before all others. It must not be in the line. */
  add(of: T, where: 'last' | 'first' = 'last'): void {
    const place: Place<T> =
      where === 'last' ? { of, before: this.#last, after: undefined } : { of, before: undefined, after: this.#first };
    if (place.before) place.before.after = place;
    else this.#first = place;
    if (place.after) place.after.before = place;
    else this.#last = place;
    this.#places.set(of, place);
  }

  /** False: it was not in the line. */
  delete(of: T): boolean {
    const place = this.#places.get(of);
    if (!place) return false;
    this.#places.delete(of);
    if (place.before) place.before.after = place.after;
    else this.#first = place.after;
    if (place.after) place.after.before = place.before;
    else this.#last = place.before;
    return true;
  }
}

interface Place<T> {
  readonly of: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/** Who has how many of something, and who has most: of those with as many, who reached that number last. */
class Ranking<T> {
  readonly #counts = new Map<T, number>();
  readonly #withCount = new Map<number, Line<T>>();
  #most = 0;

  get most(): T | undefined {
    return this.#withCount.get(this.#most)?.last;
  }

  countOf(of: T): number {
    return this.#counts.get(of) ?? 0;
  }

  /** One more, or one less. */
  change(of: T, by: 1 | -1): void {
    const before = this.countOf(of);
    const now = before + by;
    const left = this.#withCount.get(before);
    left?.delete(of);
    if (left?.size === 0) this.#withCount.delete(before);
    if (now === 0) this.#counts.delete(of);
    else {
      this.#counts.set(of, now);
      let line = this.#withCount.get(now);
      if (!line) this.#withCount.set(now, (line = new Line()));
      // Who had more is not the last who came to have as many.
      line.add(of, by === 1 ? 'last' : 'first');
    }
    if (now > this.#most || (before === this.#most && left?.size === 0)) this.#most = now;
  }
}

/** Who belongs to a network. */
export interface Neighbour {
  readonly network: string;
}

/** How many of something each of many callers has, and together those of each network. Each question and each change takes the same short time. */
export class Crowd<T extends Neighbour> {
  readonly #networks = new Ranking<string>();
  readonly #within = new Map<string, Ranking<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  ofNetwork(network: string): number {
    return this.#networks.countOf(network);
  }

  change(of: T, by: 1 | -1): void {
    const { network } = of;
    this.#size += by;
    this.#networks.change(network, by);
    let ranking = this.#within.get(network);
    if (!ranking) this.#within.set(network, (ranking = new Ranking()));
    ranking.change(of, by);
    if (this.ofNetwork(network) === 0) this.#within.delete(network);
  }

  /** The network that has most. */
  get widest(): string | undefined {
    return this.#networks.most;
  }

  /** Who has most in a network. */
  mostIn(network: string): T | undefined {
    return this.#within.get(network)?.most;
  }
}
