import { type ComponentProps, createContext, type ReactNode, useContext, useId } from 'react';
import { classes } from './classes.ts';

const FieldContext = createContext<{ id: string; describedBy: string | undefined; invalid: boolean } | undefined>(
  undefined,
);

/** A labelled input with its help and its error; the input inside takes its id and description from here. */
export function Field({
  label,
  help,
  error,
  required,
  children,
}: {
  readonly label: ReactNode;
  readonly help?: ReactNode;
  readonly error?: string | undefined;
  readonly required?: boolean;
  readonly children: ReactNode;
}) {
  const id = useId();
  const described = [help ? `${id}-help` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className="grid gap-1">
      <label htmlFor={id} className="font-medium">
        {label}
        {required === false && <span className="ml-1 font-normal text-ink-soft">(optional)</span>}
      </label>
      <FieldContext value={{ id, describedBy: described || undefined, invalid: error !== undefined }}>
        {children}
      </FieldContext>
      {help && (
        <p id={`${id}-help`} className="text-sm text-ink-soft">
          {help}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
    </div>
  );
}

const box =
  'w-full rounded-md border border-line-strong bg-surface px-2.5 text-ink placeholder:text-ink-soft aria-invalid:border-bad';

const useFieldProps = () => {
  const field = useContext(FieldContext);
  return field
    ? { id: field.id, 'aria-describedby': field.describedBy, 'aria-invalid': field.invalid || undefined }
    : {};
};

export function Input({ className, autoFocus, ...rest }: ComponentProps<'input'>) {
  return (
    <input
      autoComplete="off"
      {...useFieldProps()}
      {...rest}
      autoFocus={autoFocus}
      // For a dialog, which is not shown yet when React gives the focus.
      data-focus={autoFocus || undefined}
      className={classes(box, 'h-8', className)}
    />
  );
}

export function TextArea({ className, ...rest }: ComponentProps<'textarea'>) {
  return <textarea rows={4} {...useFieldProps()} {...rest} className={classes(box, 'py-1.5', className)} />;
}

export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return <select {...useFieldProps()} {...rest} className={classes(box, 'h-8', className)} />;
}

export function Checkbox({
  label,
  help,
  ...rest
}: ComponentProps<'input'> & { readonly label: ReactNode; readonly help?: ReactNode }) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input {...rest} id={id} type="checkbox" className="mt-0.5 size-4 accent-accent" />
      <label htmlFor={id}>
        {label}
        {help && <span className="block text-sm text-ink-soft">{help}</span>}
      </label>
    </div>
  );
}

/** The help and the error of a group of controls, which no single input is described by. */
export function GroupNotes({ help, error }: { readonly help: ReactNode; readonly error: string | undefined }) {
  return (
    <>
      {help && <p className="text-sm text-ink-soft">{help}</p>}
      {error && (
        <p role="alert" className="text-sm text-bad">
          {error}
        </p>
      )}
    </>
  );
}
