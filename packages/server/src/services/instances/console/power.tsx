import { ActDialog, Button, type ItemProps, useAct, useCan } from '@thecloud/console';
import { Play, RotateCw, Square } from 'lucide-react';
import { useState } from 'react';
import { obstacleOf, POWER } from './obstacles.ts';
import type { Instance } from './shown.ts';

const LOOKS = { start: ['Start', Play], stop: ['Stop', Square], reboot: ['Reboot', RotateCw] } as const;

/** Start, stop and reboot: what the status does not permit says why. */
export function PowerButtons({ service, item }: ItemProps) {
  const { id, status } = item as unknown as Instance;
  const can = useCan();
  const [asks, setAsks] = useState<string>();
  const start = useAct('instances.start');
  return (
    <>
      {POWER.filter((verb) => can(`instances.${verb}`)).map((verb) => {
        const [title, Shape] = LOOKS[verb];
        const obstacle = obstacleOf(verb, status);
        const press = () => (verb === 'start' ? start.mutate({ id }) : setAsks(`instances.${verb}`));
        return (
          <Button
            key={verb}
            // Not `disabled`: who works with the keyboard or a screen reader must be able to learn why.
            aria-disabled={obstacle !== undefined || undefined}
            title={obstacle}
            aria-description={obstacle}
            className="aria-disabled:cursor-not-allowed aria-disabled:opacity-50"
            busy={verb === 'start' && start.isPending}
            onClick={obstacle === undefined ? press : undefined}
          >
            <Shape className="size-3.5" aria-hidden />
            {title}
          </Button>
        );
      })}
      {asks && <ActDialog service={service} item={item} operation={asks} onClose={() => setAsks(undefined)} />}
    </>
  );
}
