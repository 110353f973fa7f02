import { bindingsOf } from '../codec/http-bindings.ts';
import { AwsError } from '../errors.ts';
import type { StructShape } from '../model/schema.ts';

/** Headers whose odd values S3 has codes of their own for. */
const CODES: Readonly<Record<string, string>> = {
  'x-amz-storage-class': 'InvalidStorageClass',
  'x-amz-sdk-checksum-algorithm': 'InvalidRequest',
  'x-amz-checksum-algorithm': 'InvalidRequest',
};

/** Refuses a header or a parameter of the query whose value is none of those that S3 knows. */
export function checkValues(shape: StructShape, input: Readonly<Record<string, unknown>>): void {
  const { headers, query } = bindingsOf(shape);
  for (const { name, traits, constraint } of [...headers, ...query]) {
    const value = input[name];
    if (typeof value !== 'string' || !constraint?.enum || constraint.enum.has(value)) continue;
    const wire = (traits.httpHeader ?? traits.httpQuery ?? name).toLowerCase();
    const known = [...constraint.enum].join(', ');
    throw new AwsError(CODES[wire] ?? 'InvalidArgument', `The value of ${wire} is none of ${known}.`, {
      members: { ArgumentName: wire, ArgumentValue: value.slice(0, 200) },
    });
  }
}
