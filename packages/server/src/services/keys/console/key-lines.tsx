import { Code, type Item, Mono, usePlatformStatus } from '@thecloud/console';
import { linesOf, reachedAt } from './uses.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** How to use a key, with the platform's address filled in; the secrets, too, as long as the page knows them. */
export function KeyLines({ item }: { readonly item: Item }) {
  const status = usePlatformStatus();
  const accessKeyId = text(item['aws_access_key_id']);
  const aws = status?.aws_endpoint ? reachedAt(status.aws_endpoint, window.location.hostname) : undefined;
  return (
    <div className="grid gap-2">
      <Code
        snippets={linesOf({
          endpoint: window.location.origin,
          key: text(item['key']),
          ...(aws && status && accessKeyId
            ? {
                aws: {
                  endpoint: aws.endpoint,
                  region: status.region,
                  accessKeyId,
                  secret: text(item['aws_secret_access_key']),
                },
              }
            : {}),
        })}
      />
      {aws?.isNear && (
        <p className="text-sm text-ink-soft">
          The AWS API listens on the platform's machine alone. Its operator opens it to others with CLOUD_AWS_LISTEN.
        </p>
      )}
    </div>
  );
}

/** A new key: it is shown now and never again. */
export function NewKey({ item }: { readonly item: Item }) {
  // The answer to a repeated call, after the first one was lost, has no secrets.
  const isLost = text(item['key']) === undefined;
  return (
    <div className="grid gap-4">
      <div data-once className="grid gap-3 rounded-md bg-warn-soft p-4">
        <p className="font-medium text-warn">
          {isLost
            ? 'The key was made, but its secrets were lost on the way here. Replace it on its page, or revoke it and make another.'
            : 'Copy them now: nobody can show them again.'}
        </p>
        {(
          [
            ['API key', 'key'],
            ['AWS access key ID', 'aws_access_key_id'],
            ['AWS secret access key', 'aws_secret_access_key'],
          ] as const
        ).map(([title, member]) => {
          const value = text(item[member]);
          return (
            value !== undefined && (
              <div key={member}>
                <p className="text-xs text-ink-soft">{title}</p>
                <Mono text={value} />
              </div>
            )
          );
        })}
      </div>
      {!isLost && (
        <section className="grid gap-2">
          <h2 className="font-medium">Use it</h2>
          <KeyLines item={item} />
        </section>
      )}
    </div>
  );
}
