import {
  Button,
  Dialog,
  DialogActions,
  ErrorNote,
  Field,
  Input,
  Select,
  sentenceOf,
  ShowCall,
  TextArea,
  toast,
  useAct,
} from '@thecloud/console';
import { useState } from 'react';
import { controlOf } from './setting-control.ts';
import type { Setting } from './settings.page.tsx';

/** Sets a setting, or sets it back. What its schema does not allow, the API says at the field. */
export function SettingDialog({ setting, onClose }: { readonly setting: Setting; readonly onClose: () => void }) {
  const [value, setValue] = useState(setting.value);
  const done = () => {
    toast(`${setting.name} is set`);
    onClose();
  };
  const set = useAct('settings.set', { onSuccess: done });
  const reset = useAct('settings.reset', { onSuccess: done });
  const control = controlOf(setting);
  const input = { setting: setting.name, value };
  const change = (event: { readonly target: { readonly value: string } }) => setValue(event.target.value);
  return (
    <Dialog open onClose={onClose} title={`Set ${setting.name}`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate(input);
        }}
      >
        <Field
          label="Value"
          help={`${setting.description}. Default: ${setting.default === '' ? 'empty' : setting.default}. It takes effect at once and survives a restart.`}
          error={set.error ? sentenceOf(set.error) : undefined}
        >
          {control.kind === 'choice' ? (
            <Select value={value} onChange={change}>
              {control.choices.map((choice) => (
                <option key={choice}>{choice}</option>
              ))}
            </Select>
          ) : control.kind === 'number' ? (
            <Input type="number" inputMode="numeric" value={value} onChange={change} />
          ) : control.kind === 'long' ? (
            <TextArea value={value} onChange={change} />
          ) : (
            <Input value={value} onChange={change} />
          )}
        </Field>
        {reset.error && <ErrorNote error={reset.error} />}
        <ShowCall operation="settings.set" input={input} />
        <DialogActions>
          {setting.updated_at !== undefined && (
            <Button busy={reset.isPending} onClick={() => reset.mutate({ setting: setting.name })}>
              Set back to the default
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" busy={set.isPending} disabled={value === setting.value}>
            Set
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
