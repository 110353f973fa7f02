import { type ComponentType, lazy, Suspense } from 'react';
import { Loading } from './states.tsx';

/** A component of its own chunk, which is loaded when it is first shown. */
function later<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const Lazy = lazy(async () => ({ default: await load() }));
  return (props) => (
    <Suspense fallback={<Loading />}>
      <Lazy {...props} />
    </Suspense>
  );
}

export const Terminal = later(async () => (await import('./terminal.tsx')).Terminal);
export const LogView = later(async () => (await import('./log-view.tsx')).LogView);
export const Chart = later(async () => (await import('./chart.tsx')).Chart);
