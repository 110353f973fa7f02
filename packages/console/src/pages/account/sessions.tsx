import type { Session } from '@thecloud/sdk';
import { Monitor, SquareTerminal } from 'lucide-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { listQuery } from '../../api/queries.ts';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/layout.tsx';
import { Empty, ErrorNote, Loading } from '../../kit/states.tsx';
import { Tag } from '../../kit/status.tsx';
import { Time } from '../../kit/time.tsx';
import { toast } from '../../kit/toast.tsx';
import { useLogout } from '../../shell/logout.ts';
import { deviceOf } from './device.ts';
import { useOwnAct } from './own.ts';

export function SessionsTab() {
  const list = useInfiniteQuery(listQuery<Session>('sessions.list', {}, undefined));
  const end = useOwnAct('sessions.end', () => toast('The session has ended'));
  const endOthers = useOwnAct<{ ended: number }>('sessions.endOthers', ({ ended }) =>
    toast(ended === 1 ? 'One session has ended' : `${ended} sessions have ended`),
  );
  const logout = useLogout();
  const sessions = [...(list.data?.pages.flatMap((page) => page.items) ?? [])].sort(
    (one, other) => Number(other.current) - Number(one.current),
  );
  const error = list.error ?? end.error ?? endOthers.error;
  return (
    <Card
      padded={false}
      title="Where you are logged in"
      actions={
        <>
          <Button small busy={endOthers.isPending} disabled={sessions.length < 2} onClick={() => endOthers.mutate({})}>
            End all others
          </Button>
          <Button
            small
            className="text-bad!"
            onClick={() => void endOthers.mutateAsync({}).then(logout, () => undefined)}
          >
            Log out everywhere
          </Button>
        </>
      }
    >
      {error && (
        <div className="p-3">
          <ErrorNote error={error} retry={list.error ? () => void list.refetch() : undefined} />
        </div>
      )}
      {list.isPending && <Loading />}
      {!list.isPending && sessions.length === 0 && !error && <Empty title="No session">You act with an API key.</Empty>}
      <ul className="divide-y divide-line">
        {sessions.map((session) => (
          <li key={session.id} className="flex items-center gap-3 px-4 py-3">
            {/Mozilla/.test(session.user_agent ?? '') ? (
              <Monitor aria-hidden className="size-5 shrink-0 text-ink-soft" />
            ) : (
              <SquareTerminal aria-hidden className="size-5 shrink-0 text-ink-soft" />
            )}
            <div className="min-w-0 grow">
              <p className="flex flex-wrap items-center gap-2 font-medium" title={session.user_agent}>
                <bdi>{deviceOf(session.user_agent)}</bdi>
                {session.current && <Tag>This session</Tag>}
              </p>
              <p className="text-sm text-ink-soft">
                {session.ip_address && <>from {session.ip_address} · </>}
                logged in <Time value={session.created_at} />
                {session.last_used && (
                  <>
                    {' '}
                    · last used <Time value={session.last_used} />
                  </>
                )}{' '}
                · expires <Time value={session.expires_at} />
              </p>
            </div>
            {session.current ? (
              <Button small onClick={() => void logout()}>
                Log out
              </Button>
            ) : (
              <Button
                small
                busy={end.isPending && end.variables.id === session.id}
                onClick={() => end.mutate({ id: session.id })}
                aria-label={`End the session of ${deviceOf(session.user_agent)} from ${session.ip_address ?? 'an unknown address'}`}
              >
                End
              </Button>
            )}
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="p-3 text-center">
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </Card>
  );
}
