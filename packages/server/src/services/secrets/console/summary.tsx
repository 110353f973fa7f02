import { Card, Code, type ItemProps, Members, type Secret, useCan, usePlatformStatus } from '@thecloud/console';
import { NewValue } from './new-value.tsx';
import { Reveal } from './reveal.tsx';

/** The first tab: the value on request, a new one, what the secret is, and how AWS clients read it. */
export function SecretSummary(props: ItemProps) {
  const secret = props.item as unknown as Secret;
  const can = useCan();
  const isLive = secret.deletes_at === undefined;
  return (
    <div className="grid grid-cols-1 gap-4">
      {isLive && can('secrets.reveal') && <Reveal key={secret.id} secret={secret} />}
      {isLive && can('secrets.put') && <NewValue key={`new ${secret.id}`} secret={secret} />}
      <Members {...props} />
      <AwsAccess secret={secret} />
    </div>
  );
}

/** What AWS clients call the secret. */
function AwsAccess({ secret }: { readonly secret: Secret }) {
  const status = usePlatformStatus();
  const cli = { title: 'cloud', text: `cloud secrets reveal ${secret.name}` };
  const aws = {
    title: 'AWS CLI',
    text: `eval "$(cloud aws env)"\naws secretsmanager get-secret-value --secret-id ${secret.name}`,
  };
  return (
    <Card title="From a program">
      <Code snippets={status?.aws_endpoint ? [cli, aws] : [cli]} />
    </Card>
  );
}
