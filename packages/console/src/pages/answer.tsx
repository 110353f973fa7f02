import type { Item } from '../api/queries.ts';
import { operationOf } from '../api/registry.ts';
import { useSchemas } from '../api/use-schemas.ts';
import { Fact, Facts } from '../kit/layout.tsx';
import { Copy, Mono } from '../kit/copy.tsx';
import { titleOf, Value } from '../kit/value.tsx';

const secretsOf = (operation: string): readonly string[] => operationOf(operation).shownOnce ?? [];

/** Whether an answer has something that the user must see now: a secret, which is answered only once. */
export const isWorthShowing = (operation: string, answer: unknown): boolean =>
  typeof answer === 'object' && answer !== null && secretsOf(operation).some((name) => name in answer);

/** What an operation answered, with secrets ready to copy. */
export function Answer({ value, operation }: { readonly value: Item; readonly operation: string }) {
  const output = useSchemas(operation)?.output;
  const hidden = secretsOf(operation);
  const members = Object.entries(value).filter(([, one]) => one !== null && one !== '');
  const secrets = members.filter(([name]) => hidden.includes(name));
  return (
    <div className="grid gap-4">
      {secrets.length > 0 && (
        <div data-once className="grid gap-3 rounded-md bg-warn-soft p-3">
          <p className="text-warn">Copy it now: it is shown only once.</p>
          {secrets.map(([name, one]) => (
            <div key={name}>
              <p className="text-xs text-ink-soft">{titleOf(name)}</p>
              {(Array.isArray(one) ? one : [one]).map((text) => (
                <Secret key={String(text)} text={String(text)} />
              ))}
            </div>
          ))}
        </div>
      )}
      <Facts>
        {members
          .filter(([name]) => !hidden.includes(name))
          .map(([name, one]) => (
            <Fact key={name} name={titleOf(name)}>
              <Value member={name} value={one} schema={output?.properties?.[name]} />
            </Fact>
          ))}
      </Facts>
    </div>
  );
}

/** One line, or a text of several, such as a mail. */
function Secret({ text }: { readonly text: string }) {
  if (!text.includes('\n')) return <Mono text={text} />;
  return (
    <div className="flex items-start gap-1">
      <pre className="min-w-0 grow font-mono text-sm whitespace-pre-wrap">{text}</pre>
      <Copy text={text} label="Copy the text" />
    </div>
  );
}
