import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { CloudOff, Info, TriangleAlert } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { call, onApiState } from '../api/client.ts';
import { classes } from '../kit/classes.ts';
import { statusQuery } from './status.ts';

/** Milliseconds between looks for an API that is away. */
const LOOK_MS = 2_000;
/** Milliseconds between looks at how the platform is; a page in the background does not look. */
const STATUS_MS = 20_000;

/**
 * Says that the API is away, looks for it, and reads everything that is shown once it is back. Quieter: that instances cannot be changed at the
 * moment, and what the operator tells everybody.
 */
export function Banner() {
  const [away, setAway] = useState(false);
  const client = useQueryClient();
  const router = useRouter();
  const { data: status } = useQuery({ ...statusQuery, refetchInterval: STATUS_MS });
  useEffect(
    () =>
      onApiState((event) => {
        if (event === 'unauthorized') return;
        setAway(event === 'unreachable');
      }),
    [],
  );
  useEffect(() => {
    if (!away) return;
    const timer = setInterval(
      () => void call('status.get', {}, { retries: 0, timeoutMs: LOOK_MS }).catch(() => undefined),
      LOOK_MS,
    );
    return () => {
      clearInterval(timer);
      void client.invalidateQueries();
      // A page whose parts did not come is loaded again; one that is shown keeps what was typed.
      if (router.state.matches.some(({ status }) => status === 'error')) void router.invalidate();
    };
  }, [away, client, router]);
  return (
    <>
      <div role="status" aria-live="assertive">
        {away && (
          <Line loud icon={<CloudOff className="size-4 shrink-0" aria-hidden />}>
            The platform does not answer. The page goes on by itself as soon as it is back.
          </Line>
        )}
      </div>
      <div role="status">
        {!away && status?.status === 'degraded' && (
          <Line icon={<TriangleAlert className="size-4 shrink-0 text-warn" aria-hidden />}>
            Instances cannot be launched or changed at the moment; what runs goes on. {status.notice}
          </Line>
        )}
        {!away && status?.status === 'operational' && status.notice && (
          <Line icon={<Info className="size-4 shrink-0 text-accent" aria-hidden />}>{status.notice}</Line>
        )}
      </div>
    </>
  );
}

function Line({
  loud,
  icon,
  children,
}: {
  readonly loud?: boolean;
  readonly icon: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <p
      className={classes(
        'flex items-center justify-center gap-2 px-4',
        loud ? 'bg-warn-soft py-2 text-warn' : 'border-b border-line bg-raised py-1.5 text-sm',
      )}
    >
      {icon}
      <span>{children}</span>
    </p>
  );
}
