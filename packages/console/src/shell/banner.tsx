import { useQueryClient } from '@tanstack/react-query';
import { CloudOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import { call, onApiState } from '../api/client.ts';

/** Milliseconds between looks for an API that is away. */
const LOOK_MS = 2_000;

/** Says that the API is away, looks for it, and reads everything that is shown once it is back. */
export function Banner() {
  const [away, setAway] = useState(false);
  const client = useQueryClient();
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
    };
  }, [away, client]);
  return (
    <div role="status" aria-live="assertive">
      {away && (
        <p className="flex items-center justify-center gap-2 bg-warn-soft px-4 py-2 text-warn">
          <CloudOff className="size-4" aria-hidden />
          The platform does not answer. The page goes on by itself as soon as it is back.
        </p>
      )}
    </div>
  );
}
