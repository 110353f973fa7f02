import { Search } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { classes } from '../kit/classes.ts';
import { openState } from '../kit/open-state.ts';
import {
  type Choice,
  useActionChoices,
  useFoundChoices,
  useHereChoices,
  useItemChoices,
  usePageChoices,
} from './choices.ts';
import { bestOf } from './fuzzy.ts';
import { recentChoices, rememberChoice } from './recent.ts';

const state = openState();

export const openPalette = (): void => state.set(true);

/** Most choices of a group. */
const MOST = 8;

/** Finds pages, actions and resources of all kinds, by keyboard alone. */
export function Palette() {
  const isOpen = state.use();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen && !dialog.current?.open) dialog.current?.showModal();
    if (!isOpen && dialog.current?.open) dialog.current.close();
  }, [isOpen]);
  const close = () => state.set(false);
  return (
    <dialog
      ref={dialog}
      aria-label="Search or do something"
      onClose={close}
      // A click on the backdrop has the dialog itself as its target.
      onMouseDown={(event) => {
        if (event.target === dialog.current) close();
      }}
      className="mx-auto mt-[12dvh] mb-auto w-[calc(100vw-2rem)] max-w-xl overflow-hidden rounded-xl border border-line bg-surface p-0 shadow-2xl"
    >
      {isOpen && <Finder onDone={close} />}
    </dialog>
  );
}

interface Group {
  readonly title: string;
  readonly choices: readonly Choice[];
}

function useGroups(typed: string): { readonly groups: readonly Group[]; readonly isLooking: boolean } {
  const [here, pages, actions] = [useHereChoices(), usePageChoices(), useActionChoices()];
  const known = useItemChoices();
  const found = useFoundChoices(typed);
  const items = [...known, ...found.choices.filter(({ id }) => !known.some((one) => one.id === id))];
  const recent = recentChoices();
  const all = [...here, ...items, ...pages, ...actions];
  const best = (choices: readonly Choice[], most = MOST) => bestOf(choices, typed, recent, most);
  const groups: readonly Group[] =
    typed.trim() === ''
      ? [
          { title: 'On this page', choices: here.slice(0, MOST) },
          {
            title: 'Recent',
            choices: recent
              .flatMap((id) => all.find((one) => one.id === id && !id.startsWith('here ')) ?? [])
              .slice(0, 5),
          },
          { title: 'Pages', choices: pages },
          { title: 'Actions', choices: actions.filter(({ id }) => !id.startsWith('theme ')) },
        ]
      : [
          { title: 'On this page', choices: best(here) },
          { title: 'Resources', choices: best(items) },
          { title: 'Pages', choices: best(pages) },
          { title: 'Actions', choices: best(actions) },
        ];
  const seen = new Set<string>();
  const shown = groups
    .map(({ title, choices }) => ({
      title,
      choices: choices.filter(({ id }) => !seen.has(id) && seen.add(id)),
    }))
    .filter(({ choices }) => choices.length > 0);
  return { groups: shown, isLooking: found.isLooking };
}

function Finder({ onDone }: { readonly onDone: () => void }) {
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const { groups, isLooking } = useGroups(typed);
  const choices = groups.flatMap((group) => group.choices);
  const chosen = choices[Math.min(at, choices.length - 1)];
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [chosen?.id]);
  const run = (one: Choice | undefined) => {
    if (!one) return;
    if (!one.id.startsWith('here ')) rememberChoice(one.id);
    onDone();
    // The dialog gives the focus back first; what is opened now takes it.
    setTimeout(one.run);
  };
  const move = (to: number) => setAt((to + choices.length) % Math.max(1, choices.length));
  const press = (event: KeyboardEvent) => {
    const now = Math.min(at, choices.length - 1);
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => move(now + 1),
      ArrowUp: () => move(now - 1),
      Enter: () => run(chosen),
      ...(typed === '' ? { Home: () => move(0), End: () => move(choices.length - 1) } : {}),
    };
    if (event.nativeEvent.isComposing || !(event.key in moves)) return;
    event.preventDefault();
    moves[event.key]!();
  };
  return (
    <>
      <div className="flex items-center gap-2.5 border-b border-line px-4">
        <Search aria-hidden className="size-4 shrink-0 text-ink-soft" />
        <input
          role="combobox"
          aria-label="Search pages, actions and resources"
          aria-expanded
          aria-controls="palette-list"
          aria-autocomplete="list"
          aria-activedescendant={chosen && idOf(chosen)}
          placeholder="Search pages, actions, names and ids"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          value={typed}
          onChange={(event) => {
            setTyped(event.target.value);
            setAt(0);
          }}
          onKeyDown={press}
          className="h-12 min-w-0 grow bg-transparent text-base outline-none placeholder:text-ink-soft"
        />
      </div>
      <div
        ref={list}
        id="palette-list"
        role="listbox"
        aria-label="Results"
        className="max-h-[min(26rem,60dvh)] overflow-y-auto p-1.5"
      >
        {groups.map((group) => (
          <div key={group.title} role="group" aria-label={group.title}>
            <p aria-hidden className="px-2.5 pt-2 pb-1 text-xs font-medium text-ink-soft">
              {group.title}
            </p>
            {group.choices.map((one) => (
              <div
                key={one.id}
                id={idOf(one)}
                role="option"
                aria-selected={one === chosen}
                className={classes(
                  'flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5',
                  one === chosen && 'bg-accent-soft',
                )}
                onMouseMove={() => setAt(choices.indexOf(one))}
                // The input keeps the focus.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => run(one)}
              >
                <one.icon aria-hidden className="size-4 shrink-0 text-ink-soft" />
                <bdi className="truncate">{one.title}</bdi>
                {one.hint && <span className="shrink-0 text-sm text-ink-soft">{one.hint}</span>}
                {one.keys && (
                  <span className="ml-auto flex gap-1" aria-hidden>
                    {one.keys.split(' ').map((key) => (
                      <kbd
                        key={key}
                        className="min-w-5 rounded border border-line bg-raised px-1 text-center font-mono text-xs text-ink-soft"
                      >
                        {key}
                      </kbd>
                    ))}
                  </span>
                )}
              </div>
            ))}
          </div>
        ))}
        {choices.length === 0 && (
          <p className="px-3 py-8 text-center text-ink-soft">
            {isLooking ? 'Looking …' : `Nothing here is called “${typed.trim()}”.`}
          </p>
        )}
      </div>
      <p role="status" className="sr-only">
        {choices.length > 0 ? `${choices.length} results` : isLooking ? 'Looking' : 'No results'}
      </p>
    </>
  );
}

const idOf = ({ id }: Choice): string => `palette ${id}`.replaceAll(/[^\w-]+/g, '-');
