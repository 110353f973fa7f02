import { Box, type LucideProps } from 'lucide-react';
import { ICONS } from '../generated/icons.ts';

/** The icon of a service, by the name in its facet. */
export function Icon({ name, ...rest }: LucideProps & { readonly name: string }) {
  const Shown = ICONS[name] ?? Box;
  return <Shown aria-hidden className="size-4 shrink-0" {...rest} />;
}
