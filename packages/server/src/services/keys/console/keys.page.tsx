import { Card, Fact, Facts, type ItemProps, type ServicePages, Mono, Tag, Time } from '@thecloud/console';
import type { ReactNode } from 'react';
import { CreateKey } from './create-key.tsx';
import { KeyLines } from './key-lines.tsx';
import { RotateKey } from './rotate-key.tsx';

const listOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);
const time = (value: unknown, otherwise: ReactNode): ReactNode =>
  typeof value === 'string' ? <Time value={value} /> : otherwise;

/** What a key may do and when it was used, and how to use it. */
function KeySummary({ item }: ItemProps) {
  const [permissions, networks] = [listOf(item['permissions']), listOf(item['cidrs'])];
  return (
    <>
      <Card>
        <Facts>
          <Fact name="Begins with">
            <code className="font-mono text-sm">{String(item['prefix'] ?? '')}…</code>
          </Fact>
          <Fact name="AWS access key ID">
            {typeof item['aws_access_key_id'] === 'string' ? <Mono text={item['aws_access_key_id']} /> : '–'}
          </Fact>
          <Fact name="ID">
            <Mono text={String(item['id'])} />
          </Fact>
          <Fact name="May do">
            {permissions.length === 0 ? (
              'Everything you may do'
            ) : (
              <span className="flex flex-wrap gap-1">
                {permissions.map((one) => (
                  <Tag key={one}>{one}</Tag>
                ))}
              </span>
            )}
          </Fact>
          <Fact name="Acts in">{item['all_tenants'] === true ? 'All your tenants' : 'This tenant alone'}</Fact>
          <Fact name="Works from">{networks.length === 0 ? 'Everywhere' : networks.join(', ')}</Fact>
          <Fact name="Last used">{time(item['last_used'], 'Never')}</Fact>
          <Fact name="Created">{time(item['created_at'], '–')}</Fact>
          <Fact name="Expires">{time(item['expires_at'], 'Never')}</Fact>
        </Facts>
      </Card>
      <Card title="Use it" className="mt-4">
        <div className="grid gap-3">
          <p className="text-ink-soft">
            The key and its secret were shown once, when it was made. If they are lost, rotate the key.
          </p>
          <KeyLines item={item} />
        </div>
      </Card>
    </>
  );
}

export const pages: ServicePages = {
  create: CreateKey,
  summary: KeySummary,
  actions: RotateKey,
  ownActions: ['keys.rotate'],
  // Not in the menu of a row: the row goes with the old key, and the new one, which is shown once, would go with it.
  fits: (operation) => operation !== 'keys.rotate',
};
