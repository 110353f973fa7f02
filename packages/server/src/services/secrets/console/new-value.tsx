import {
  Button,
  Card,
  call,
  Checkbox,
  ErrorNote,
  Field,
  type Secret,
  TextArea,
  toast,
  useAct,
  useTenant,
} from '@thecloud/console';
import { Dices, Save } from 'lucide-react';
import { useState } from 'react';

/** Stores a new value, typed or made. It is hidden while it is typed unless somebody wants to see it. */
export function NewValue({ secret }: { readonly secret: Secret }) {
  const tenant = useTenant();
  const [value, setValue] = useState('');
  const [isShown, setShown] = useState(false);
  const [failure, setFailure] = useState<unknown>();
  const put = useAct('secrets.put', {
    onSuccess: () => {
      toast(`The new value of ${secret.name} is stored`);
      setValue('');
    },
  });
  const generate = async () => {
    setFailure(undefined);
    try {
      const options = { tenantId: tenant?.id };
      setValue((await call<{ readonly password: string }>('secrets.randomPassword', {}, options)).password);
    } catch (error) {
      setFailure(error);
    }
  };
  const error = put.error ?? failure;
  return (
    <Card title="New value" className="max-w-3xl">
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (!put.isPending) put.mutate({ id: secret.id, value });
        }}
      >
        <Field label="Value" help="It becomes the current one; the one before can be made current again.">
          <TextArea
            required
            rows={3}
            spellCheck={false}
            autoComplete="off"
            // Masked, because a field of one line would lose the line breaks of a key.
            style={isShown ? undefined : ({ WebkitTextSecurity: 'disc' } as object)}
            className="font-mono text-sm"
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
        </Field>
        <Checkbox label="Show what I type" checked={isShown} onChange={(event) => setShown(event.target.checked)} />
        {error != null && <ErrorNote error={error} />}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" busy={put.isPending}>
            <Save className="size-3.5" aria-hidden />
            Store
          </Button>
          <Button type="button" onClick={() => void generate()}>
            <Dices className="size-3.5" aria-hidden />
            Make a random password
          </Button>
        </div>
      </form>
    </Card>
  );
}
