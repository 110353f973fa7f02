import { Dialog } from '../kit/dialog.tsx';
import { openState } from '../kit/open-state.ts';
import { placeLetters, usePlaces } from './places.ts';

const state = openState();

export const openHelp = (): void => state.set(true);

const EVERYWHERE: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'Search, or do something (also /)'],
  ['?', 'This help'],
  ['c', 'Create, on the page of a service'],
  ['.', 'The same with code: a command, a request, a program'],
  ['Esc', 'Close a dialog or a menu'],
];

/** All keys, by what they do. */
export function HelpDialog() {
  const isOpen = state.use();
  return (
    <Dialog open={isOpen} onClose={() => state.set(false)} title="Keyboard shortcuts" wide>
      <Keys />
    </Dialog>
  );
}

function Keys() {
  const places = usePlaces();
  const letters = [...placeLetters].flatMap(([letter, name]) => {
    const place = places.find((one) => one.name === name);
    return place ? [[`g ${letter}`, place.title] as const] : [];
  });
  return (
    <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
      <KeyList title="Everywhere" keys={EVERYWHERE} />
      <KeyList title="Go to" keys={letters} />
    </div>
  );
}

function KeyList({ title, keys }: { readonly title: string; readonly keys: readonly (readonly [string, string])[] }) {
  return (
    <section className="grid content-start gap-2">
      <h3 className="font-medium">{title}</h3>
      <dl className="grid grid-cols-[auto_1fr] items-baseline gap-x-4 gap-y-1.5">
        {keys.map(([key, does]) => (
          <div key={key} className="contents">
            <dt className="flex gap-1">
              {key.split(' ').map((one) => (
                <kbd
                  key={one}
                  className="min-w-6 rounded border border-line bg-raised px-1.5 text-center font-mono text-xs leading-5"
                >
                  {one}
                </kbd>
              ))}
            </dt>
            <dd className="text-ink-soft">{does}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
