// A shared worker: one stream of events for all tabs of a browser. HTTP/1.1 allows six connections to a server: with a stream in each tab, the
// seventh tab could not call anything.
import { createTransport } from '@thecloud/sdk';
import { HERE_MS, runStream, type StreamTold, type TabSays } from './streams.ts';

/** Milliseconds without a sign after which a tab counts as closed. */
const GONE_MS = 10 * HERE_MS;

interface Stream {
  readonly tabs: Set<MessagePort>;
  readonly leaving: AbortController;
  isLive: boolean;
}

const transport = createTransport({
  endpoint: globalThis.location.origin,
  headers: { 'x-cloud-console': '1' },
  retries: 2,
});
const streams = new Map<string, Stream>();
const tabs = new Map<MessagePort, { key: string; seenAt: number }>();

function leave(tab: MessagePort): void {
  const key = tabs.get(tab)?.key;
  tabs.delete(tab);
  const stream = key === undefined ? undefined : streams.get(key);
  if (key === undefined || !stream?.tabs.delete(tab) || stream.tabs.size > 0) return;
  stream.leaving.abort(new Error('no tab is left'));
  streams.delete(key);
}

function hear(tab: MessagePort, said: TabSays): void {
  if (said.kind === 'bye') return leave(tab);
  const known = tabs.get(tab);
  if (known?.key === said.key) return void (known.seenAt = Date.now());
  leave(tab);
  tabs.set(tab, { key: said.key, seenAt: Date.now() });
  const running = streams.get(said.key);
  if (running) {
    running.tabs.add(tab);
    if (running.isLive) tab.postMessage({ kind: 'live' } satisfies StreamTold);
    return;
  }
  const stream: Stream = { tabs: new Set([tab]), leaving: new AbortController(), isLive: false };
  streams.set(said.key, stream);
  void runStream(transport, said, stream.leaving.signal, (told) => {
    stream.isLive = told.kind !== 'refused';
    for (const one of stream.tabs) one.postMessage(told);
    if (told.kind !== 'refused') return;
    for (const one of stream.tabs) tabs.delete(one);
    streams.delete(said.key);
  });
}

setInterval(() => {
  for (const [tab, { seenAt }] of tabs) if (Date.now() - seenAt > GONE_MS) leave(tab);
}, HERE_MS);

globalThis.addEventListener('connect', (event) => {
  const [tab] = (event as MessageEvent).ports;
  if (!tab) return;
  tab.addEventListener('message', ({ data }: MessageEvent<TabSays>) => hear(tab, data));
  tab.start();
});
