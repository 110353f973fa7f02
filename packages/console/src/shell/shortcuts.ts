import { useEffect, useMemo, useRef } from 'react';
import { isForShortcut, useKey } from '../kit/keys.ts';
import { openHelp } from './help.tsx';
import { openPalette } from './palette.tsx';
import { placeLetters, usePlaces } from './places.ts';

/** Milliseconds in which the letter has to follow `g`. */
const WAIT_MS = 1_500;

/** The keys that work on every page; those of a page are where its buttons are. */
export function useShortcuts(): void {
  useKey('mod+k', openPalette);
  useKey('/', openPalette);
  useKey('?', openHelp);
  const places = usePlaces();
  const byName = useMemo(() => new Map(places.map((place) => [place.name, place])), [places]);
  const latest = useRef(byName);
  latest.current = byName;
  useEffect(() => {
    let since = Number.NEGATIVE_INFINITY;
    const listen = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !isForShortcut(event)) return;
      const follows = event.timeStamp - since < WAIT_MS;
      since = event.key === 'g' && !follows ? event.timeStamp : Number.NEGATIVE_INFINITY;
      const place = follows ? latest.current.get(placeLetters.get(event.key) ?? '') : undefined;
      if (!place) return;
      // `g c` is no `c`.
      event.preventDefault();
      event.stopImmediatePropagation();
      place.go();
    };
    window.addEventListener('keydown', listen, { capture: true });
    return () => window.removeEventListener('keydown', listen, { capture: true });
  }, []);
}
