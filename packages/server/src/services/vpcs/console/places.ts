/** A point of the picture. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Picture {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  readonly places: readonly Place[];
}

export const NODE = { width: 168, height: 44, gap: 12 } as const;
/** Room for the router and the line of the network above the nodes. */
export const TOP = 132;
const MARGIN = 12;

/** Where the members of a network stand below its line, in rows as wide as there is room. */
export function placesOf(count: number, room: number): Picture {
  const step = NODE.width + NODE.gap;
  const columns = Math.max(1, Math.min(count, Math.floor((room - 2 * MARGIN + NODE.gap) / step)));
  const rows = Math.ceil(count / columns);
  const width = Math.max(room, columns * step - NODE.gap + 2 * MARGIN);
  const left = (width - (columns * step - NODE.gap)) / 2;
  return {
    columns,
    width,
    height: TOP + Math.max(1, rows) * (NODE.height + NODE.gap) + MARGIN,
    places: Array.from({ length: count }, (_, index) => ({
      x: left + (index % columns) * step,
      y: TOP + Math.floor(index / columns) * (NODE.height + NODE.gap),
    })),
  };
}
