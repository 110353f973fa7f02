import { transport } from './client.ts';
import { type Followed, HERE_MS, runStream, type StreamTold, type TabSays } from './streams.ts';

type Tell = (told: StreamTold) => void;

/** Follows events until the returned function is called: through the worker that all tabs share, where the browser has such workers. */
export function follow(followed: Followed, tell: Tell): () => void {
  if (typeof SharedWorker === 'undefined') return followAlone(followed, tell);
  let leave: (() => void) | undefined;
  let isOver = false;
  const worker = new SharedWorker(new URL('./events.worker.ts', import.meta.url), {
    type: 'module',
    name: 'thecloud-events',
  });
  const tab = worker.port;
  const say = (said: TabSays) => tab.postMessage(said);
  const here = () => say({ kind: 'here', ...followed });
  const bye = () => say({ kind: 'bye' });
  // A page that the browser kept for "back" begins where it left.
  const back = ({ persisted }: PageTransitionEvent) => persisted && here();
  const timer = setInterval(here, HERE_MS);
  const stop = () => {
    clearInterval(timer);
    window.removeEventListener('pagehide', bye);
    window.removeEventListener('pageshow', back);
    bye();
    tab.close();
  };
  window.addEventListener('pagehide', bye);
  window.addEventListener('pageshow', back);
  tab.addEventListener('message', ({ data }: MessageEvent<StreamTold>) => {
    if (isOver) return;
    // Nothing comes after it. Who begins once more follows once more.
    if (data.kind === 'refused') clearInterval(timer);
    tell(data);
  });
  worker.addEventListener('error', () => {
    stop();
    if (!isOver) leave = followAlone(followed, tell);
  });
  tab.start();
  here();
  return () => {
    isOver = true;
    stop();
    leave?.();
  };
}

/** A stream of this tab's own, only while it is in sight, so that hidden tabs hold no connection. */
function followAlone(followed: Followed, tell: Tell): () => void {
  let leaving: AbortController | undefined;
  const look = () => {
    if (document.visibilityState === 'hidden') {
      leaving?.abort(new Error('the tab is hidden'));
      leaving = undefined;
    } else if (!leaving) {
      leaving = new AbortController();
      void runStream(transport, followed, leaving.signal, tell);
    }
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    leaving?.abort(new Error('the page has left the tenant'));
  };
}
