import { classes, ItemLink, serviceOf, toneOf } from '@thecloud/console';
import { Globe } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { NODE, placesOf, TOP } from './places.ts';

/** Something with an address in the VPC. */
export interface Member {
  readonly id: string;
  readonly private_ip: string;
  readonly hostname?: string;
  readonly resource_type: string;
  readonly resource_id?: string;
  readonly resource_name?: string;
  readonly mac_address: string;
  readonly created_at: string;
  /** Of the resource, if it is known. */
  readonly status?: string;
}

const DOTS = { good: 'bg-good', busy: 'bg-accent', bad: 'bg-bad', warn: 'bg-warn', quiet: 'bg-line-strong' } as const;

/**
 * The network as a picture: the way out, the router, and the members on one line. Lines are an SVG; what stands on them are elements over it, so
 * that names are text and lead to their pages. The table below says the same.
 */
export function Picture({
  cidr,
  gateway,
  members,
}: {
  readonly cidr: string;
  readonly gateway: string;
  readonly members: readonly Member[];
}) {
  const frame = useRef<HTMLDivElement>(null);
  const [room, setRoom] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setRoom(Math.floor(entry!.contentRect.width)));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  const { width, height, columns, places } = placesOf(members.length, room);
  const middle = width / 2;
  const spine = TOP - 22;
  const firstRow = places.slice(0, columns);
  const edges = [middle, ...firstRow.map(({ x }) => x + NODE.width / 2)];
  const lastOf = (column: number) => places[column + columns * Math.floor((members.length - 1 - column) / columns)]!;
  return (
    <div ref={frame} className="overflow-x-auto">
      {room > 0 && (
        <div className="relative" style={{ width, height }}>
          <svg aria-hidden width={width} height={height} className="absolute inset-0">
            <g className="fill-none stroke-line-strong" strokeWidth="1.5">
              <path d={`M ${middle} 30 V ${spine}`} />
              <path d={`M ${Math.min(...edges)} ${spine} H ${Math.max(...edges)}`} />
              {firstRow.map(({ x }, column) => (
                <path key={column} d={`M ${x + NODE.width / 2} ${spine} V ${lastOf(column).y}`} />
              ))}
            </g>
          </svg>
          <Plate
            x={middle - 70}
            y={4}
            width={140}
            height={28}
            className="justify-center rounded-full text-sm text-ink-soft"
          >
            <Globe className="size-3.5" aria-hidden /> Internet
          </Plate>
          <Plate x={middle - 84} y={48} width={168} height={40} className="justify-center rounded-md">
            <span className="text-center leading-4">
              <span className="block text-sm font-medium">Router and NAT</span>
              <span className="block font-mono text-xs text-ink-soft">{gateway}</span>
            </span>
          </Plate>
          <p className="absolute font-mono text-xs text-ink-soft" style={{ left: middle + 8, top: spine - 18 }}>
            {cidr}
          </p>
          {members.map((member, index) => (
            <Plate
              key={member.id}
              x={places[index]!.x}
              y={places[index]!.y}
              width={NODE.width}
              height={NODE.height}
              className="rounded-md px-2.5"
            >
              <span
                title={member.status}
                className={classes('size-2 shrink-0 rounded-full', DOTS[toneOf(member.status ?? '')])}
              />
              <span className="min-w-0 leading-4.5">
                <span className="block truncate text-sm">
                  <MemberLink member={member} />
                </span>
                <span className="block truncate font-mono text-xs text-ink-soft">{member.private_ip}</span>
              </span>
            </Plate>
          ))}
        </div>
      )}
    </div>
  );
}

function Plate({
  x,
  y,
  width,
  height,
  className,
  children,
}: {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly className: string;
  readonly children: React.ReactNode;
}) {
  return (
    <div
      className={classes('absolute flex items-center gap-2 border border-line bg-surface', className)}
      style={{ left: x, top: y, width, height }}
    >
      {children}
    </div>
  );
}

/** The name of what has the address, as the way to its page. */
export function MemberLink({ member }: { readonly member: Member }) {
  const service = serviceOf(`${member.resource_type}s`);
  const name = member.resource_name ?? member.resource_type;
  if (!service || !member.resource_id) return <bdi title={name}>{name}</bdi>;
  return (
    <ItemLink service={service} item={{ id: member.resource_id, name }}>
      <bdi title={name}>{name}</bdi>
    </ItemLink>
  );
}
